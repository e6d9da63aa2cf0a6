// Sets theme and language before the first paint; the only script that is not a module, since
// modules wait.
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(`sereno.${name}`);
    } catch {
      return null;
    }
  };
  const theme = kept("theme");
  if (theme === "day" || theme === "night") document.documentElement.dataset.theme = theme;
  const known = ["es", "en", "pt"];
  const wished = [kept("language"), ...navigator.languages].filter(Boolean);
  const found = wished.map((tag) =>
    tag.slice(0, 2).toLowerCase()).find((tag) => known.includes(tag));
  document.documentElement.lang = found ?? "en";
})();

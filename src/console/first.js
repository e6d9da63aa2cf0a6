// Sets theme and language before the first paint, and tells where the console itself does not come: the only
// script that is not a module, since modules wait.
(() => {
  const kept = (name) => {
    try {
      return localStorage.getItem(`sereno.${name}`);
    } catch {
      return null;
    }
  };
  const page = document.documentElement;
  const theme = kept("theme");
  if (theme === "day" || theme === "night") page.dataset.theme = theme;
  const words = {
    es: ["La consola no llega", "Uno de sus archivos no llegó en 15 s. Compruebe la conexión e inténtelo de nuevo.",
      "Reintentar"],
    en: ["The console does not come", "One of its files did not arrive within 15 s. Check the connection and try again.",
      "Try again"],
    pt: ["O console não chega", "Um dos seus arquivos não chegou em 15 s. Verifique a conexão e tente de novo.",
      "Tentar de novo"],
  };
  const wished = [kept("language"), ...navigator.languages].filter(Boolean);
  const found = wished.map((tag) =>
    tag.slice(0, 2).toLowerCase()).find((tag) => Object.hasOwn(words, tag));
  page.lang = found ?? "en";

  /** As long as the console waits for anything else; it says when it has begun. */
  const PATIENCE_MS = 15_000;
  const late = setTimeout(tell, PATIENCE_MS);
  window.addEventListener("sereno-begun", () => clearTimeout(late));
  window.addEventListener("sereno-missing", tell);

  function tell() {
    const place = document.getElementById("app");
    if (!place) return;
    // A style that does not come would keep the page from being painted.
    for (const style of document.getElementsByTagName("link")) {
      if (style.rel === "stylesheet" && !style.sheet) style.disabled = true;
    }
    const [title, text, again] = words[page.lang] ?? words.en;
    const element = (name, text, of = "") =>
      Object.assign(document.createElement(name), { textContent: text, className: of });
    const button = element("button", again, "button main");
    button.type = "button";
    button.addEventListener("click", () => location.reload());
    const state = element("main", "", "state is-error");
    state.setAttribute("role", "alert");
    state.append(element("h1", title), element("p", text), button);
    place.replaceChildren(state);
  }
})();

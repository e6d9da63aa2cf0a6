// @ts-check
// A dialog that asks for what a deed needs, and does it: what the server refuses stands beside its field, and the
// dialog stays.

import { openDialog } from "./dialog.js";
import { makeForm } from "./form.js";

/**
 * @param {{title: string, text?: any, fields: any, yes?: string,
 *   act: (said: Record<string, any>) => Promise<() => void>}} what `act` answers what comes once the dialog is closed
 */
export function askFor({ title, text, fields, yes = title, act }) {
  const dialog = openDialog({
    title,
    body: [text, makeForm({
      fields, yes, cancel: () => dialog.close(),
      submit: async (said) => {
        const next = await act(said);
        dialog.close();
        next();
      },
    })],
  });
  const input = /** @type {any} */ (dialog.element.querySelector("input, select, textarea"));
  input?.focus();
  input?.select?.();
  return dialog;
}

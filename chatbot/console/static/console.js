"use strict";
// What every page does: light or dark, errors of htmx as toasts, keys, dialogs.

const THEME = "theme";

function applyTheme(theme) {
  if (theme) document.documentElement.dataset.theme = theme;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function toast(text, kind = "note") {
  const note = document.createElement("p");
  note.className = `toast ${kind}`;
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), kind === "mistake" ? 8000 : 4000);
}

// A key works unless somebody types, or holds a modifier that means something to the browser.
function isTyping(event) {
  const at = event.target;
  return at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName);
}

function followKeys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
  if (document.querySelector("dialog[open]")) return;
  const target = document.querySelector(`[data-key="${CSS.escape(event.key)}"]:not([disabled])`);
  if (!target) return;
  event.preventDefault();
  target.click();
}

function openDialog(id) {
  const dialog = document.getElementById(id);
  dialog.showModal();
  dialog.querySelector("[data-first]")?.focus();
}

function tickAllOrNone(name) {
  const boxes = [...document.getElementsByName(name)];
  const all = boxes.every((box) => box.checked);
  boxes.forEach((box) => {
    box.checked = !all;
  });
  if (!all) boxes[0]?.closest("details")?.setAttribute("open", "");
}

applyTheme(localStorage.getItem(THEME));

document.addEventListener("DOMContentLoaded", () => {
  document.addEventListener("keydown", followKeys);

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) openDialog(opener.dataset.opens);
    if (event.target.closest("[data-closes]")) event.target.closest("dialog").close();
    if (event.target.closest("[data-theme-switch]")) {
      const theme = isDark() ? "light" : "dark";
      localStorage.setItem(THEME, theme);
      applyTheme(theme);
    }
    const ticker = event.target.closest("[data-ticks]");
    if (ticker) tickAllOrNone(ticker.dataset.ticks);
    const copied = event.target.closest("[data-copies]");
    if (copied) {
      const text = document.getElementById(copied.dataset.copies).textContent;
      navigator.clipboard.writeText(text).then(() => toast("Copied."));
    }
  });

  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.asks;
    if (question && !confirm(question)) event.preventDefault();
  });

  document.body.addEventListener("htmx:responseError", (event) => {
    toast(event.detail.xhr.responseText || "That did not work.", "mistake");
  });
  document.body.addEventListener("htmx:sendError", () => {
    toast("The server cannot be reached. Nothing was changed.", "mistake");
  });
  document.body.addEventListener("said", (event) => toast(event.detail.value));
  document.body.addEventListener("htmx:afterSettle", (event) => {
    event.detail.elt.querySelector?.("[data-first]")?.focus();
  });
});

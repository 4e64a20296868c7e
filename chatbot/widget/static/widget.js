// The visitor's chat. On any page:
//
//   <script src="https://chat.example.com/widget.js" data-key="site_…" async></script>
//
// Options, all as attributes of that element: data-lang, data-color, data-theme (light, dark, auto),
// data-position (left, right), data-privacy (address of your privacy notice), and data-text-… for any text below, such as data-text-greeting.
//
// It needs no inline style and no eval: a page's Content-Security-Policy has to allow this origin in
// script-src and connect-src, and nothing else. What the server sends becomes elements only through
// `copySafely`, so no text that anybody wrote can run.
(() => {
  "use strict";

  const script = document.currentScript;
  const TAG = "helpdesk-chat";
  if (!script || customElements.get(TAG)) return;

  const MOST_ITEMS = 40;
  const SURE = 0.95;
  const WORTH_READING = 0.05;
  const FORGET_AFTER_MS = 30 * 24 * 3600 * 1000;
  const PHONE = matchMedia("(max-width: 480px)");
  const TOUCH = matchMedia("(pointer: coarse)");
  const DARK = matchMedia("(prefers-color-scheme: dark)");

  const TEXTS = {
    en: {
      title: "Help",
      launch: "Open the chat",
      close: "Close the chat",
      restart: "Start over",
      greeting: "Hello! What can we help you with?",
      popular: "Often asked",
      placeholder: "Type your question",
      send: "Send",
      you: "You:",
      bot: "Answer:",
      typing: "Looking for an answer",
      meant: "Did you mean one of these?",
      none: "None of these",
      think: "I think you mean:",
      others: "Or did you mean",
      helped: "Did this help?",
      yes: "Yes",
      no: "No",
      glad: "Glad to hear it.",
      sorry: "Thank you for telling us.",
      person: "Ask a person",
      unknown: "I cannot answer that myself, but a person can. Where may we write to?",
      contact: "A person will answer by e-mail. Where may we write to?",
      email: "E-mail address",
      message: "Anything to add? (optional)",
      request: "Send",
      cancel: "Cancel",
      requested: "Thank you. A person will answer you by e-mail.",
      badEmail: "Please check the e-mail address.",
      retry: "Try again",
      failed: "This did not go through.",
      invalid: "Please shorten or rephrase this.",
      offline: "You are offline. This will be sent when you are back.",
      busy: "Many people are asking right now. Trying again shortly.",
      refused: "The chat is not available on this page.",
      privacy: "Privacy",
    },
    de: {
      title: "Hilfe",
      launch: "Chat öffnen",
      close: "Chat schließen",
      restart: "Neu beginnen",
      greeting: "Hallo! Wobei können wir helfen?",
      popular: "Häufig gefragt",
      placeholder: "Ihre Frage",
      send: "Senden",
      you: "Sie:",
      bot: "Antwort:",
      typing: "Antwort wird gesucht",
      meant: "Meinten Sie eines davon?",
      none: "Nichts davon",
      think: "Ich glaube, Sie meinen:",
      others: "Oder meinten Sie",
      helped: "War das hilfreich?",
      yes: "Ja",
      no: "Nein",
      glad: "Das freut uns.",
      sorry: "Danke für den Hinweis.",
      person: "Einen Menschen fragen",
      unknown:
        "Das kann ich nicht selbst beantworten, aber ein Mensch kann es. Wohin dürfen wir schreiben?",
      contact: "Ein Mensch antwortet Ihnen per E-Mail. Wohin dürfen wir schreiben?",
      email: "E-Mail-Adresse",
      message: "Möchten Sie etwas ergänzen? (freiwillig)",
      request: "Senden",
      cancel: "Abbrechen",
      requested: "Danke. Ein Mensch antwortet Ihnen per E-Mail.",
      badEmail: "Bitte prüfen Sie die E-Mail-Adresse.",
      retry: "Erneut versuchen",
      failed: "Das wurde nicht gesendet.",
      invalid: "Bitte kürzer oder anders formulieren.",
      offline: "Sie sind offline. Es wird gesendet, sobald Sie wieder verbunden sind.",
      busy: "Gerade fragen viele. Gleich wird es erneut versucht.",
      refused: "Der Chat ist auf dieser Seite nicht verfügbar.",
      privacy: "Datenschutz",
    },
    fr: {
      title: "Aide",
      launch: "Ouvrir le chat",
      close: "Fermer le chat",
      restart: "Recommencer",
      greeting: "Bonjour ! Comment pouvons-nous vous aider ?",
      popular: "Questions fréquentes",
      placeholder: "Votre question",
      send: "Envoyer",
      you: "Vous :",
      bot: "Réponse :",
      typing: "Recherche d’une réponse",
      meant: "Vouliez-vous dire l’une de ces questions ?",
      none: "Aucune de celles-ci",
      think: "Je pense que vous voulez dire :",
      others: "Ou vouliez-vous dire",
      helped: "Cela vous a-t-il aidé ?",
      yes: "Oui",
      no: "Non",
      glad: "Tant mieux.",
      sorry: "Merci de nous l’avoir dit.",
      person: "Demander à une personne",
      unknown:
        "Je ne peux pas répondre moi-même, mais une personne le peut. Où pouvons-nous vous écrire ?",
      contact: "Une personne vous répondra par e-mail. Où pouvons-nous vous écrire ?",
      email: "Adresse e-mail",
      message: "Quelque chose à ajouter ? (facultatif)",
      request: "Envoyer",
      cancel: "Annuler",
      requested: "Merci. Une personne vous répondra par e-mail.",
      badEmail: "Veuillez vérifier l’adresse e-mail.",
      retry: "Réessayer",
      failed: "L’envoi a échoué.",
      invalid: "Veuillez raccourcir ou reformuler.",
      offline: "Vous êtes hors ligne. L’envoi se fera à votre retour.",
      busy: "Beaucoup de questions en ce moment. Nouvel essai dans un instant.",
      refused: "Le chat n’est pas disponible sur cette page.",
      privacy: "Confidentialité",
    },
    es: {
      title: "Ayuda",
      launch: "Abrir el chat",
      close: "Cerrar el chat",
      restart: "Empezar de nuevo",
      greeting: "¡Hola! ¿En qué podemos ayudarle?",
      popular: "Preguntas frecuentes",
      placeholder: "Su pregunta",
      send: "Enviar",
      you: "Usted:",
      bot: "Respuesta:",
      typing: "Buscando una respuesta",
      meant: "¿Se refería a una de estas?",
      none: "Ninguna de estas",
      think: "Creo que se refiere a:",
      others: "O se refería a",
      helped: "¿Le ha servido?",
      yes: "Sí",
      no: "No",
      glad: "Nos alegramos.",
      sorry: "Gracias por decírnoslo.",
      person: "Preguntar a una persona",
      unknown: "No puedo responder a eso, pero una persona sí. ¿Adónde podemos escribirle?",
      contact: "Una persona le responderá por correo. ¿Adónde podemos escribirle?",
      email: "Correo electrónico",
      message: "¿Algo que añadir? (opcional)",
      request: "Enviar",
      cancel: "Cancelar",
      requested: "Gracias. Una persona le responderá por correo.",
      badEmail: "Compruebe la dirección de correo.",
      retry: "Reintentar",
      failed: "No se ha podido enviar.",
      invalid: "Acorte o reformule el texto, por favor.",
      offline: "No tiene conexión. Se enviará cuando vuelva.",
      busy: "Hay muchas preguntas ahora. Se reintentará enseguida.",
      refused: "El chat no está disponible en esta página.",
      privacy: "Privacidad",
    },
  };

  const STYLE = `
    :host {
      all: initial; position: fixed; inset: auto 0 0 auto; z-index: 2147483000;
      --accent: #4338ca; --on-accent: #fff; --link: #4338ca;
      --surface: #fff; --raised: #f2f3f8; --line: #d9dce8; --text: #1b1e2b; --muted: #5a6078;
      --bad: #b3182b; --shade: 0 12px 40px rgb(20 22 40 / 22%), 0 2px 8px rgb(20 22 40 / 12%);
      color-scheme: light;
    }
    :host([dark]) {
      --link: #b4b6ff;
      --surface: #1a1d28; --raised: #262a39; --line: #3c4257; --text: #eceef6; --muted: #aab0c6;
      --bad: #ff9aa5; --shade: 0 12px 40px rgb(0 0 0 / 60%); color-scheme: dark;
    }
    :host([side="left"]) { inset: auto auto 0 0; }
    @media print { :host { display: none; } }
    *, *::before, *::after { box-sizing: border-box; }
    [hidden] { display: none !important; }
    .root { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: var(--text); text-align: start; }
    button, input, textarea { font: inherit; color: inherit; margin: 0; }
    button { cursor: pointer; border: 0; background: none; padding: 0; }
    button:disabled { opacity: 0.5; cursor: default; }
    :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
    svg { display: block; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

    .launcher { display: grid; place-items: center; width: 60px; height: 60px; margin: 20px; border-radius: 50%; background: var(--accent); color: var(--on-accent); box-shadow: var(--shade); }
    .launcher:hover { filter: brightness(1.1); }
    .launcher:focus-visible, .head :focus-visible { outline-color: var(--on-accent); outline-offset: -5px; }

    .panel { position: fixed; inset: auto 20px 20px auto; width: 400px; height: min(660px, calc(100vh - 40px)); display: grid; grid-template-rows: auto minmax(0, 1fr) auto; background: var(--surface); border: 1px solid var(--line); border-radius: 18px; box-shadow: var(--shade); overflow: hidden; }
    :host([side="left"]) .panel { inset: auto auto 20px 20px; }
    .head { display: flex; align-items: center; gap: 4px; padding: 10px 10px 10px 18px; background: var(--accent); color: var(--on-accent); }
    h2 { flex: 1; margin: 0; font-size: 17px; font-weight: 650; letter-spacing: -0.01em; overflow-wrap: anywhere; }
    .head button { display: grid; place-items: center; width: 40px; height: 40px; border-radius: 10px; }
    .head button:hover { background: rgb(255 255 255 / 18%); }

    .log { position: relative; overflow-y: auto; overscroll-behavior: contain; padding: 18px; display: flex; flex-direction: column; gap: 14px; }
    .log:focus-visible { outline-offset: -4px; border-radius: 8px; }
    .item { display: grid; gap: 8px; max-width: 100%; min-width: 0; }
    .item > * { min-width: 0; }
    .bubble { padding: 10px 14px; border-radius: 16px; overflow-wrap: anywhere; width: fit-content; max-width: 100%; }
    .me { justify-items: end; padding-inline-start: 40px; }
    .me .bubble { background: var(--accent); color: var(--on-accent); border-end-end-radius: 5px; white-space: pre-wrap; }
    .bot { padding-inline-end: 20px; }
    .bot .bubble { background: var(--raised); border-end-start-radius: 5px; }
    .prose > :first-child { margin-top: 0; } .prose > :last-child { margin-bottom: 0; }
    .prose :is(p, ul, ol, pre, blockquote, table) { margin: 8px 0; }
    .prose :is(ul, ol) { padding-inline-start: 22px; }
    .prose li { margin: 3px 0; }
    .prose :is(h3, h4, h5, h6) { margin: 12px 0 4px; font-size: 15px; line-height: 1.3; }
    .prose a { color: var(--link); text-decoration: underline; text-underline-offset: 2px; }
    .prose img { max-width: 100%; height: auto; border-radius: 8px; }
    .prose code { font: 13px/1.5 ui-monospace, monospace; background: var(--surface); border-radius: 4px; padding: 1px 4px; }
    .prose pre { background: var(--surface); border-radius: 8px; padding: 10px; overflow-x: auto; }
    .prose pre code { padding: 0; }
    .prose blockquote { padding-inline-start: 12px; border-inline-start: 3px solid var(--line); color: var(--muted); }
    .prose table { display: block; overflow-x: auto; border-collapse: collapse; }
    .prose :is(th, td) { border-bottom: 1px solid var(--line); padding: 5px 10px 5px 0; text-align: start; vertical-align: top; }
    .name { font-weight: 650; }
    .note { margin: 0; color: var(--muted); font-size: 14px; }
    .mistake { margin: 0; color: var(--bad); font-size: 14px; }
    .row { display: flex; flex-wrap: wrap; align-items: center; gap: 8px; }
    .stack { display: grid; gap: 8px; }
    .choice { text-align: start; padding: 10px 14px; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); overflow-wrap: anywhere; }
    .choice:hover, .small:hover { background: var(--raised); border-color: var(--muted); }
    .small { min-height: 34px; padding: 4px 14px; border: 1px solid var(--line); border-radius: 17px; font-size: 14px; }
    .primary { min-height: 40px; padding: 6px 18px; border-radius: 10px; background: var(--accent); color: var(--on-accent); font-weight: 600; }
    .primary:hover { filter: brightness(1.1); }
    .link { color: var(--muted); font-size: 14px; padding: 4px 2px; text-decoration: underline; text-underline-offset: 3px; }
    .link:hover { color: var(--text); }
    form.card { display: grid; gap: 10px; padding: 14px; border: 1px solid var(--line); border-radius: 14px; }
    label { display: grid; gap: 4px; font-size: 14px; font-weight: 600; }
    input, textarea { width: 100%; padding: 9px 12px; font-size: 16px; font-weight: 400; background: var(--surface); border: 1px solid var(--muted); border-radius: 10px; resize: none; }
    :is(input, textarea):focus-visible { outline-width: 2px; outline-offset: -1px; border-color: transparent; }
    ::placeholder { color: var(--muted); opacity: 1; }
    [aria-invalid="true"] { border-color: var(--bad); }
    .dots { display: flex; gap: 5px; padding: 15px 16px; }
    .dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--muted); }

    .foot { display: grid; gap: 4px; padding: 10px 14px 8px; border-top: 1px solid var(--line); }
    .composer { display: flex; align-items: end; gap: 8px; }
    .composer textarea { max-height: 120px; line-height: 1.4; }
    .composer button { flex: none; display: grid; place-items: center; width: 44px; height: 44px; border-radius: 12px; background: var(--accent); color: var(--on-accent); }
    .under { display: flex; justify-content: space-between; gap: 10px; flex-wrap: wrap; }

    @media (max-width: 480px) {
      .panel, :host([side="left"]) .panel { inset: 0; width: auto; height: 100vh; height: 100dvh; border: 0; border-radius: 0; padding-bottom: env(safe-area-inset-bottom); }
      .head { padding-top: max(10px, env(safe-area-inset-top)); }
      .launcher { margin: 16px; }
    }
    @media (forced-colors: active) { .launcher, .primary, .bubble, .composer button { border: 1px solid; } }
    @media (prefers-reduced-motion: no-preference) {
      .panel { animation: rise 0.18s ease-out; }
      .dots i { animation: breathe 1.2s infinite ease-in-out; }
      .dots i:nth-child(2) { animation-delay: 0.15s; } .dots i:nth-child(3) { animation-delay: 0.3s; }
      @keyframes rise { from { transform: translateY(12px); opacity: 0; } }
      @keyframes breathe { 0%, 60%, 100% { opacity: 0.3; } 30% { opacity: 1; } }
    }`;

  const ICONS = {
    chat:
      "M4 6.500A2.500 2.500 0 0 1 6.500 4h11A2.500 2.500 0 0 1 20 6.500v8a2.500 2.500 0 0 1-2.500 2.500H11l-5 4v-4.100a2.500 2.500 0 0 1-2-2.400zM8.500 10.500h.01M12 10.500h.01M15.500 10.500h.01",
    close: "m6 6 12 12M18 6 6 18",
    restart: "M5 12a7 7 0 1 0 2.200-5.100M7 3v4.500h4.500",
    send: "m5 12 15-7-5.500 15-3-6.500zM11.500 13.500 20 5",
  };

  // ── Elements ───────────────────────────────────────────────────────────────

  function h(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child != null && child !== false));
    return element;
  }

  function icon(name) {
    const make = (tag) => document.createElementNS("http://www.w3.org/2000/svg", tag);
    const svg = make("svg");
    for (
      const [key, value] of Object.entries({
        viewBox: "0 0 24 24",
        width: 24,
        height: 24,
        "aria-hidden": true,
      })
    ) {
      svg.setAttribute(key, value);
    }
    const path = make("path");
    path.setAttribute("d", ICONS[name]);
    svg.append(path);
    return svg;
  }

  const SAFE = new Set(
    "A B BLOCKQUOTE BR CODE EM H3 H4 H5 H6 HR IMG LI OL P PRE STRONG TABLE TBODY TD TH THEAD TR UL"
      .split(" "),
  );
  const SAFE_LINK = /^(?:https?:\/\/|mailto:|tel:|\/(?![\/\\]))/i;
  const SAFE_PICTURE = /^https?:\/\//i;
  let parseAs = (html) => html;
  try {
    const policy = window.trustedTypes?.createPolicy(TAG, { createHTML: parseAs });
    if (policy) parseAs = (html) => policy.createHTML(html);
  } catch { /* the page allows no such policy; if it also requires one, answers stay plain */ }

  // The document that DOMParser makes runs and fetches nothing; of it, only what is listed is made anew.
  function copySafely(html, into) {
    let parsed;
    try {
      parsed = new DOMParser().parseFromString(parseAs(html), "text/html").body;
    } catch {
      into.textContent = html.replace(/<[^>]*>/g, "");
      return into;
    }
    const copy = (from, to) => {
      for (const node of from.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
        else if (node.nodeType === Node.ELEMENT_NODE && isSafe(node)) {
          copy(node, to.appendChild(copyElement(node)));
        }
      }
    };
    copy(parsed, into);
    return into;
  }

  const isSafe = (node) =>
    SAFE.has(node.tagName) &&
    (node.tagName !== "IMG" || SAFE_PICTURE.test(node.getAttribute("src") || ""));

  function copyElement(node) {
    const element = document.createElement(node.tagName);
    if (node.tagName === "OL" && node.start !== 1) element.start = node.start;
    const href = node.getAttribute("href") || "";
    if (node.tagName === "A" && SAFE_LINK.test(href)) {
      element.href = href;
      element.rel = "noopener nofollow";
      if (element.origin !== location.origin) element.target = "_blank";
    }
    if (node.tagName === "IMG") {
      element.loading = "lazy";
      element.referrerPolicy = "no-referrer";
      element.alt = node.getAttribute("alt") || "";
      element.src = node.getAttribute("src");
    }
    return element;
  }

  // ── Talking to the server ──────────────────────────────────────────────────

  class Failure extends Error {
    constructor(why, seconds = 0) {
      super(why);
      this.why = why;
      this.seconds = seconds;
    }
  }

  const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
  const randomId = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((byte) =>
      byte.toString(16).padStart(2, "0")
    ).join("");

  class Server {
    constructor(base, key) {
      this.base = base;
      this.key = key;
    }

    // Whatever is sent may be sent again: the server takes a repeated request for the same one.
    async call(path, body, idempotencyKey) {
      for (let attempt = 0;; attempt += 1) {
        const response = await this.fetch(path, body, idempotencyKey, attempt);
        if (response?.ok) return response.json();
        if (response && !this.mayRepeat(response, attempt)) throw this.failure(response);
        await pause(response ? this.waitOf(response) : 1);
      }
    }

    async fetch(path, body, idempotencyKey, attempt) {
      const headers = { Authorization: `Bearer ${this.key}` };
      if (body) headers["Content-Type"] = "application/json";
      if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
      const giveUp = new AbortController();
      const timer = setTimeout(() => giveUp.abort(), 20000);
      try {
        return await fetch(this.base + path, {
          method: body ? "POST" : "GET",
          credentials: "omit",
          signal: giveUp.signal,
          headers,
          body: body && JSON.stringify(body),
        });
      } catch {
        if (!navigator.onLine) throw new Failure("offline");
        if (attempt > 0) {
          console.warn(
            `${TAG}: ${this.base} cannot be reached. Is ${location.origin} an origin of this site key?`,
          );
          throw new Failure("failed");
        }
        return null;
      } finally {
        clearTimeout(timer);
      }
    }

    mayRepeat(response, attempt) {
      return [429, 503].includes(response.status) && attempt < 3 && this.waitOf(response) <= 5;
    }

    waitOf(response) {
      return Number(response.headers.get("Retry-After")) || 1;
    }

    failure(response) {
      if (response.status === 429 || response.status === 503) {
        return new Failure("busy", this.waitOf(response));
      }
      if (response.status === 401 || response.status === 403) return new Failure("refused");
      return new Failure(response.status === 422 || response.status === 413 ? "invalid" : "failed");
    }
  }

  // ── What this browser remembers ────────────────────────────────────────────

  // No e-mail address is ever among it. `open` is of this tab, the conversation of all.
  class Memory {
    constructor(key) {
      this.name = `${TAG}:${key}`;
      this.load();
    }

    load() {
      let kept = null;
      try {
        kept = JSON.parse(localStorage.getItem(this.name));
      } catch { /* private mode, or somebody else's text */ }
      const isGood = kept && Array.isArray(kept.items) && typeof kept.id === "string" &&
        Date.now() - kept.at < FORGET_AFTER_MS;
      this.id = isGood ? kept.id : randomId();
      this.items = isGood ? kept.items.filter((item) => item && typeof item === "object") : [];
    }

    save() {
      this.items.splice(0, this.items.length - MOST_ITEMS);
      try {
        localStorage.setItem(
          this.name,
          JSON.stringify({ id: this.id, items: this.items, at: Date.now() }),
        );
      } catch { /* the conversation lasts as long as the page */ }
    }

    clear() {
      this.id = randomId();
      this.items = [];
      this.save();
    }

    get wasOpen() {
      try {
        return sessionStorage.getItem(this.name) === "open";
      } catch {
        return false;
      }
    }

    set wasOpen(open) {
      try {
        sessionStorage.setItem(this.name, open ? "open" : "");
      } catch { /* as above */ }
    }
  }

  // ── The chat ───────────────────────────────────────────────────────────────

  class HelpdeskChat extends HTMLElement {
    constructor(options, base) {
      super();
      this.options = options;
      this.server = new Server(base, options.key);
      this.memory = new Memory(options.key);
      this.drawn = new Map();
      this.sending = Promise.resolve();
      const lang =
        (options.lang || document.documentElement.lang || "en").toLowerCase().split("-")[0];
      this.lang = lang in TEXTS ? lang : "en";
    }

    text(name) {
      return this.options[`text${name[0].toUpperCase()}${name.slice(1)}`] ?? TEXTS[this.lang][name];
    }

    connectedCallback() {
      if (this.shadowRoot) return;
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      if (this.options.position === "left") this.setAttribute("side", "left");
      this.launcher = h("button", {
        type: "button",
        class: "launcher",
        "aria-haspopup": "dialog",
        "aria-expanded": "false",
        "aria-label": this.text("launch"),
        onclick: () => this.open(),
      }, icon("chat"));
      root.append(h("div", { class: "root", lang: this.lang }, this.launcher, this.makePanel()));
      this.followTheme();
      this.useColour(this.options.color);
      this.drawAll();
      for (const type of ["keydown", "keyup", "keypress"]) {
        root.addEventListener(type, (event) => event.stopPropagation());
      }
      addEventListener("online", () => this.resend("offline"));
      addEventListener("storage", (event) => {
        if (event.key === this.memory.name) this.followOtherTab();
      });
      if (this.memory.wasOpen && !PHONE.matches) this.open({ focus: false });
      const isUnsent = (item) => item.state === "waiting" || ["offline", "busy"].includes(item.why);
      this.memory.items.filter((item) => item.who === "me" && isUnsent(item)).forEach((item) =>
        this.send(item)
      );
    }

    makePanel() {
      this.log = h("div", {
        class: "log",
        role: "log",
        "aria-live": "polite",
        "aria-label": this.text("title"),
        tabindex: 0,
      });
      this.field = h("textarea", {
        rows: 1,
        maxlength: 2000,
        placeholder: this.text("placeholder"),
        "aria-label": this.text("placeholder"),
        enterkeyhint: "send",
        oninput: () => this.grow(),
        onkeydown: (event) => this.onFieldKey(event),
      });
      this.status = h("span", { class: "unseen", role: "status" });
      this.dots = h(
        "div",
        { class: "bot item", "aria-hidden": "true", hidden: true },
        h("div", { class: "bubble dots" }, h("i"), h("i"), h("i")),
      );
      const button = (name, does) =>
        h("button", {
          type: "button",
          "aria-label": this.text(name),
          title: this.text(name),
          onclick: does,
        }, icon(name));
      const composer = h(
        "form",
        {
          class: "composer",
          onsubmit: (event) => {
            event.preventDefault();
            this.submit();
          },
        },
        this.field,
        h("button", { "aria-label": this.text("send"), title: this.text("send") }, icon("send")),
      );
      const under = h(
        "div",
        { class: "under" },
        h(
          "button",
          { type: "button", class: "link", onclick: () => this.askForPerson("contact") },
          this.text("person"),
        ),
        /^https?:/i.test(this.options.privacy) &&
          h(
            "a",
            { class: "link", href: this.options.privacy, target: "_blank", rel: "noopener" },
            this.text("privacy"),
          ),
      );
      this.panel = h(
        "div",
        {
          class: "panel",
          role: "dialog",
          "aria-label": this.text("title"),
          hidden: true,
          onkeydown: (event) => this.onPanelKey(event),
        },
        h(
          "div",
          { class: "head" },
          h("h2", {}, this.text("title")),
          button("restart", () => this.restart()),
          button("close", () => this.close()),
        ),
        this.log,
        h("div", { class: "foot" }, composer, under),
        this.status,
      );
      return this.panel;
    }

    // ── Opening, closing, keys ──

    open({ focus = true } = {}) {
      this.panel.hidden = false;
      this.launcher.hidden = true;
      this.launcher.setAttribute("aria-expanded", "true");
      this.panel.setAttribute("aria-modal", String(PHONE.matches));
      this.memory.wasOpen = true;
      this.showPopular();
      this.log.scrollTop = this.log.scrollHeight;
      if (focus) this.focusField();
    }

    close() {
      this.panel.hidden = true;
      this.launcher.hidden = false;
      this.launcher.setAttribute("aria-expanded", "false");
      this.memory.wasOpen = false;
      this.launcher.focus();
    }

    restart() {
      this.memory.clear();
      this.drawAll();
      this.showPopular();
      this.focusField();
    }

    // On a touch screen the field would bring up a keyboard, over what is to be read first.
    focusField() {
      (TOUCH.matches ? this.log : this.field).focus({ preventScroll: true });
    }

    onPanelKey(event) {
      if (event.key === "Escape" && !event.isComposing) this.close();
      if (event.key === "Tab" && PHONE.matches) this.keepFocusInside(event);
    }

    keepFocusInside(event) {
      const stops = [
        ...this.panel.querySelectorAll(
          "button:not([disabled]), input, textarea, a[href], [tabindex]",
        ),
      ].filter((stop) => stop.offsetParent);
      const [first, last] = [stops[0], stops.at(-1)];
      const at = this.shadowRoot.activeElement;
      if (at === (event.shiftKey ? first : last)) {
        event.preventDefault();
        (event.shiftKey ? last : first).focus();
      }
    }

    onFieldKey(event) {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    }

    grow() {
      this.field.style.height = "auto";
      this.field.style.height = `${Math.min(120, this.field.scrollHeight + 2)}px`;
    }

    // ── Asking ──

    submit() {
      const text = this.field.value.trim();
      if (!text) return;
      this.field.value = "";
      this.grow();
      this.ask(text);
    }

    // What is shown may be shorter than what is asked: a popular question's title.
    ask(text, question = text) {
      const mine = { who: "me", text, question, key: randomId(), state: "waiting" };
      this.add(mine);
      this.send(mine);
    }

    send(mine) {
      if (mine.state !== "waiting") {
        mine.state = "waiting";
        this.redraw(mine);
      }
      this.sending = this.sending.then(() => this.deliver(mine));
      return this.sending;
    }

    // Its key makes a repetition harmless, also after the page was left while it waited.
    async deliver(mine) {
      if (!this.memory.items.includes(mine)) return;
      this.showTyping(true);
      try {
        const body = { text: mine.question, conversation_id: this.memory.id, format: "html" };
        const reply = await this.server.call("/v1/ask", body, mine.key);
        if (!this.memory.items.includes(mine)) return;
        mine.state = "sent";
        delete mine.why;
        this.drawn.get(mine).className = "item me sent";
        this.showTyping(false);
        this.add(this.toItem(reply), mine);
      } catch (failure) {
        this.fail(mine, failure);
      } finally {
        this.showTyping(false);
      }
    }

    toItem(reply) {
      const item = { who: "bot", kind: reply.decision, query: reply.query_id };
      const options = (candidates) => candidates.map(({ intent, title }) => ({ intent, title }));
      if (reply.decision === "answer") {
        const [best, ...rest] = reply.candidates;
        const others = best.probability < SURE
          ? rest.filter((each) => each.probability >= WORTH_READING).slice(0, 2)
          : [];
        return {
          ...item,
          title: reply.answer.title,
          html: reply.answer.body,
          isUnsure: best.probability < SURE,
          others: options(others),
        };
      }
      if (reply.decision === "clarify") return { ...item, options: options(reply.candidates) };
      return { ...item, kind: "person", say: "unknown" };
    }

    fail(mine, failure) {
      mine.state = "failed";
      mine.why = failure.why || "failed";
      this.redraw(mine);
      this.say(this.text(mine.why));
      if (failure.seconds) setTimeout(() => this.resend("busy"), failure.seconds * 1000);
    }

    resend(why) {
      this.memory.items.filter((item) => item.state === "failed" && item.why === why).forEach((
        item,
      ) => this.send(item));
    }

    async choose(item, option) {
      this.drawn.get(item).querySelectorAll("button").forEach((button) => {
        button.disabled = true;
      });
      try {
        const answer = await this.server.call(`/v1/queries/${item.query}/choice`, {
          intent: option.intent,
          format: "html",
        });
        item.chosen = option.title;
        this.redraw(item);
        this.add({
          who: "bot",
          kind: "answer",
          query: item.query,
          title: answer.title,
          html: answer.body,
        }, item);
      } catch (failure) {
        this.say(this.text(failure.why || "failed"));
        item.mistake = failure.why || "failed";
        this.redraw(item);
      }
      this.focusField();
    }

    async rate(item, helpful) {
      item.helpful = helpful;
      this.redraw(item);
      this.say(this.text(helpful ? "glad" : "sorry"));
      this.focusField();
      try {
        await this.server.call(`/v1/queries/${item.query}/feedback`, { helpful });
      } catch {
        delete item.helpful;
        this.redraw(item);
      }
    }

    askForPerson(say) {
      let item = this.memory.items.at(-1);
      if (item?.kind !== "person" || item.done) {
        item = { who: "bot", kind: "person", say };
        this.add(item);
      }
      const form = this.drawn.get(item);
      this.log.scrollTop = form.offsetTop - 20;
      form.querySelector("input")?.focus();
    }

    async requestPerson(item, form) {
      const { email, message } = form.elements;
      const button = form.querySelector(".primary");
      const mistake = form.querySelector(".mistake");
      const show = (why) => {
        mistake.textContent = this.text(why);
        email.setAttribute("aria-invalid", String(why === "badEmail"));
        if (why === "badEmail") email.focus();
      };
      email.value = email.value.trim();
      if (!email.value || !email.checkValidity()) return show("badEmail");
      button.disabled = true;
      try {
        await this.server.call("/v1/handoffs", {
          conversation_id: this.memory.id,
          email: email.value,
          message: message.value.trim(),
        });
        item.done = "requested";
        this.redraw(item);
        this.say(this.text("requested"));
        this.focusField();
      } catch (failure) {
        button.disabled = false;
        show(failure.why === "invalid" ? "badEmail" : failure.why || "failed");
      }
    }

    async showPopular() {
      if (this.memory.items.length || this.popular) return;
      this.popular = h("div", { class: "item bot" });
      this.log.append(this.popular);
      try {
        const { items } = await this.server.call("/v1/popular-questions");
        if (!items.length) return;
        this.popular?.append(
          h("p", { class: "note" }, this.text("popular")),
          h(
            "div",
            { class: "stack" },
            ...items.map((each) =>
              h("button", {
                type: "button",
                class: "choice",
                onclick: () => {
                  this.ask(each.title, each.question);
                  this.focusField();
                },
              }, each.title)
            ),
          ),
        );
      } catch { /* the greeting stands for itself */ }
    }

    // ── Drawing ──

    drawAll() {
      this.drawn.clear();
      this.popular = null;
      this.quietly(() => {
        this.log.replaceChildren(
          h("div", { class: "item bot" }, h("div", { class: "bubble" }, this.text("greeting"))),
          this.dots,
        );
        this.memory.items.forEach((item) => this.draw(item));
      });
      this.log.scrollTop = this.log.scrollHeight;
    }

    add(item, after) {
      this.popular?.remove();
      this.popular = null;
      const place = after ? this.memory.items.indexOf(after) + 1 : this.memory.items.length;
      this.memory.items.splice(place, 0, item);
      this.memory.save();
      const element = this.draw(item, after);
      const start = (this.drawn.get(after) || element).offsetTop - 18;
      this.log.scrollTop = item.who === "me" ? this.log.scrollHeight : start;
    }

    draw(item, after) {
      const element = item.who === "me" ? this.drawMine(item) : this.drawBots(item);
      const before = after && this.drawn.get(after);
      if (before) before.after(element);
      else this.dots.before(element);
      this.drawn.set(item, element);
      return element;
    }

    redraw(item) {
      this.quietly(() => {
        const element = item.who === "me" ? this.drawMine(item) : this.drawBots(item);
        this.drawn.get(item)?.replaceWith(element);
        this.drawn.set(item, element);
      });
      this.memory.save();
    }

    // A screen reader is not to read again what only looks different.
    quietly(change) {
      this.log.setAttribute("aria-live", "off");
      change();
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.log.setAttribute("aria-live", "polite"), 100);
    }

    drawMine(item) {
      const isFailed = item.state === "failed";
      return h(
        "div",
        { class: `item me ${item.state}` },
        h(
          "div",
          { class: "bubble" },
          h("span", { class: "unseen" }, `${this.text("you")} `),
          item.text,
        ),
        isFailed &&
          h("p", { class: item.why === "failed" ? "mistake" : "note" }, this.text(item.why)),
        isFailed && item.why === "failed" &&
          h("button", {
            type: "button",
            class: "small",
            onclick: () => {
              this.send(item);
              this.focusField();
            },
          }, this.text("retry")),
      );
    }

    drawBots(item) {
      const parts =
        { answer: "drawAnswer", clarify: "drawChoices", person: "drawPerson" }[item.kind];
      return h(
        "div",
        { class: "item bot" },
        h("span", { class: "unseen" }, this.text("bot")),
        ...(parts ? this[parts](item) : []),
      );
    }

    drawAnswer(item) {
      const prose = copySafely(
        String(item.html),
        h("div", { class: "bubble prose" }, h("p", { class: "name" }, item.title)),
      );
      return [
        item.isUnsure && h("p", { class: "note" }, this.text("think")),
        prose,
        this.drawOthers(item),
        this.drawRating(item),
      ];
    }

    drawOthers(item) {
      if (!item.others?.length) return null;
      if (item.chosen) return h("p", { class: "note" }, `→ ${item.chosen}`);
      return h(
        "div",
        { class: "row", role: "group", "aria-label": this.text("others") },
        h("p", { class: "note" }, this.text("others")),
        ...item.others.map((option) =>
          h(
            "button",
            { type: "button", class: "small", onclick: () => this.choose(item, option) },
            option.title,
          )
        ),
        item.mistake && h("p", { class: "mistake" }, this.text(item.mistake)),
      );
    }

    drawRating(item) {
      const button = (label, does) =>
        h("button", { type: "button", class: "small", onclick: does }, this.text(label));
      if (item.helpful === true) return h("p", { class: "note" }, this.text("glad"));
      if (item.helpful === false) {
        return h(
          "div",
          { class: "row" },
          h("p", { class: "note" }, this.text("sorry")),
          button("person", () => this.askForPerson("contact")),
        );
      }
      return h(
        "div",
        { class: "row", role: "group", "aria-label": this.text("helped") },
        h("p", { class: "note" }, this.text("helped")),
        button("yes", () => this.rate(item, true)),
        button("no", () => this.rate(item, false)),
      );
    }

    drawChoices(item) {
      const asked = h("div", { class: "bubble" }, this.text("meant"));
      if (item.chosen) return [asked, h("p", { class: "note" }, `→ ${item.chosen}`)];
      const choice = (label, does) =>
        h("button", { type: "button", class: "choice", onclick: does }, label);
      return [
        asked,
        h(
          "div",
          { class: "stack", role: "group", "aria-label": this.text("meant") },
          ...item.options.map((option) => choice(option.title, () => this.choose(item, option))),
          choice(this.text("none"), () => {
            item.chosen = this.text("none");
            this.redraw(item);
            this.askForPerson("contact");
          }),
        ),
        item.mistake && h("p", { class: "mistake" }, this.text(item.mistake)),
      ];
    }

    drawPerson(item) {
      const asked = h("div", { class: "bubble" }, this.text(item.say));
      if (item.done === "requested") return [h("div", { class: "bubble" }, this.text("requested"))];
      if (item.done) return [asked];
      const form = h(
        "form",
        {
          class: "card",
          novalidate: true,
          onsubmit: (event) => {
            event.preventDefault();
            this.requestPerson(item, form);
          },
        },
        h(
          "label",
          {},
          this.text("email"),
          h("input", {
            name: "email",
            type: "email",
            autocomplete: "email",
            maxlength: 254,
            required: true,
            "aria-describedby": `mistake-${this.drawn.size}`,
          }),
        ),
        h(
          "label",
          {},
          this.text("message"),
          h("textarea", { name: "message", rows: 2, maxlength: 2000 }),
        ),
        h("p", { class: "mistake", role: "alert", id: `mistake-${this.drawn.size}` }),
        h(
          "div",
          { class: "row" },
          h("button", { class: "primary" }, this.text("request")),
          h("button", {
            type: "button",
            class: "link",
            onclick: () => {
              item.done = "cancelled";
              this.redraw(item);
              this.focusField();
            },
          }, this.text("cancel")),
        ),
      );
      return [asked, form];
    }

    showTyping(is) {
      this.dots.hidden = !is;
      if (!is) return;
      this.say(this.text("typing"));
      this.log.scrollTop = this.log.scrollHeight;
    }

    say(text) {
      this.status.textContent = text;
    }

    followOtherTab() {
      if (this.memory.items.some((item) => item.state === "waiting")) return;
      this.memory.load();
      this.drawAll();
    }

    // ── Colours ──

    followTheme() {
      const { theme } = this.options;
      const apply = () =>
        this.toggleAttribute("dark", theme === "dark" || (theme !== "light" && DARK.matches));
      apply();
      DARK.addEventListener("change", apply);
    }

    // What stands on the page's colour is black or white, whichever reads better; links are as text.
    useColour(colour) {
      if (!colour || !CSS.supports("color", colour)) return;
      const sheet = new CSSStyleSheet();
      this.shadowRoot.adoptedStyleSheets.push(sheet);
      sheet.replaceSync(`:host { --accent: ${colour}; --link: currentColor; }`);
      const [r, g, b] =
        (getComputedStyle(this.launcher).backgroundColor.match(/[\d.]+/g) || [0, 0, 0]).map((
          part,
        ) => (part / 255) ** 2.2);
      if (0.2126 * r + 0.7152 * g + 0.0722 * b > 0.18) {
        sheet.insertRule(":host { --on-accent: #000; }", 1);
      }
    }
  }

  customElements.define(TAG, HelpdeskChat);
  const start = () =>
    document.body.append(
      new HelpdeskChat({ ...script.dataset }, new URL(".", script.src).href.slice(0, -1)),
    );
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();

import { render } from "preact";
import { startAccount } from "../state/account";
import { startClock } from "../state/clock";
import { startCurrent } from "../state/current";
import { startPresence } from "../state/presence";
import { show, type Route } from "../state/route";
import { Embedded } from "./Embedded";
import { sheet } from "./styles";

let started = false;

function start(): void {
  if (started) return;
  started = true;
  startClock();
  startCurrent();
  startPresence();
  void startAccount();
}

/**
 * `<hubbub-chat room="general">` or `<hubbub-chat conversation="42">`: one conversation in any page of the site.
 * `sign-in` says where people sign in. A page has one of these, since it has one connection.
 */
class HubbubChat extends HTMLElement {
  static readonly observedAttributes = ["room", "conversation", "sign-in"];
  static #shown: HubbubChat | null = null;

  connectedCallback(): void {
    if (HubbubChat.#shown) {
      console.error("hubbub: a page shows one <hubbub-chat>; take the other one out first.", this);
      return;
    }
    HubbubChat.#shown = this;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet()];
    this.#show();
    start();
  }

  disconnectedCallback(): void {
    if (HubbubChat.#shown !== this) return;
    HubbubChat.#shown = null;
    show({ view: "list" });
    if (this.shadowRoot) render(null, this.shadowRoot);
  }

  attributeChangedCallback(): void {
    if (HubbubChat.#shown === this) this.#show();
  }

  #show(): void {
    show(routeOf(this));
    if (this.shadowRoot) render(<Embedded signIn={this.getAttribute("sign-in")} />, this.shadowRoot);
  }
}

function routeOf(element: Element): Route {
  const conversation = element.getAttribute("conversation");
  if (conversation) return { view: "conversation", id: Number(conversation) };
  return { view: "room", name: element.getAttribute("room") ?? "" };
}

customElements.define("hubbub-chat", HubbubChat);

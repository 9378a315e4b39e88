// One phone's shell: status bar, screens, toasts. Everything it shows comes from its own client.
import { Client } from '/demo/client.js';
import { chatView } from '/demo/view-chat.js';
import { chatsView } from '/demo/view-chats.js';
import { h, onNextFrame } from '/demo/dom.js';
import { icon } from '/demo/icons.js';
import { night } from '/demo/night.js';
import { signInView } from '/demo/view-signin.js';
import { time } from '/demo/format.js';

export class Phone {
  /** `neighbour()` tells who is signed in on the other phone: `{id, phone, displayName}` or null. */
  constructor(root, slot, { neighbour, alone }) {
    Object.assign(this, { root, slot, neighbour, alone });
    this.stack = [];
    this.home = null;
    this.wantsFocus = false; // no focus is stolen before somebody touched this phone
    this.changed = onNextFrame(() => this.update());
    this.client = new Client(slot, {
      changed: () => this.changed(),
      refused: (problem, chatId) => { if (this.openChat !== chatId) this.toast(problem.friendly, 'bad'); },
      signedOut: () => this.reset(),
    });
    this.#build();
    this.client.start();
    this.update();
  }

  #build() {
    this.panes = h('div', { class: 'panes' });
    this.listPane = h('div', { class: 'pane pane-list' });
    this.detailPane = h('div', { class: 'pane pane-detail' });
    this.panes.append(this.listPane, this.detailPane);
    this.toasts = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
    this.clock = h('time', { class: 'clock' });
    this.flight = h('button', {
      class: 'flight', type: 'button', role: 'switch', 'aria-checked': 'false', onclick: () => this.client.setFlight(!this.client.flight),
    }, icon('plane'), h('span', { class: 'flight-words' }, 'Flight mode'), h('span', { class: 'knob', 'aria-hidden': 'true' }));
    this.night = night(this);
    this.sleeping = h('button', { class: 'bar-switch', type: 'button', 'aria-pressed': 'false', 'aria-label': 'Sleep', title: 'Sleep', onclick: () => this.sleep(!this.client.asleep) }, icon('moon'));
    const other = this.slot === 1 ? 2 : 1;
    this.screen = h('div', { class: 'phone-screen' },
      h('div', { class: 'status-bar' }, this.clock, this.sleeping, this.night.bell,
        h('a', { class: 'swap', href: `?phone=${other}`, 'aria-label': `Switch to phone ${other}`, title: `Switch to phone ${other}` }, icon('swap'), h('span', {}, `Phone ${this.slot}`)),
        h('a', { class: 'both', href: '/' }, 'Both phones'),
        this.flight),
      this.panes, this.night.el, this.toasts);
    this.root.append(this.screen);
    this.root.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.#escape(event); });
    this.root.addEventListener('pointerdown', () => { this.wantsFocus = matchMedia('(hover: hover)').matches; }, { capture: true });
    this.root.addEventListener('keydown', () => { this.wantsFocus = true; }, { capture: true });
    document.addEventListener('visibilitychange', () => this.changed());
    const tell = () => { this.clock.textContent = time(Date.now()); };
    tell();
    setInterval(tell, 10_000);
    addEventListener('popstate', () => this.#popped());
  }

  get signedIn() { return this.client.session.signedIn && Boolean(this.client.store.user?.displayName); }
  get openChat() { return this.stack.findLast?.((view) => view.id)?.id ?? null; }

  isVisible() {
    return document.visibilityState === 'visible' && !this.client.asleep && this.root.offsetParent !== null;
  }

  update() {
    this.flight.setAttribute('aria-checked', String(this.client.flight));
    this.root.classList.toggle('in-flight', this.client.flight);
    this.sleeping.setAttribute('aria-pressed', String(this.client.asleep));
    this.sleeping.title = this.client.asleep ? 'Wake up' : 'Sleep: close the socket, and let pushes come';
    this.#settleHome();
    this.home.view.update();
    this.stack.at(-1)?.update();
    this.night.update();
  }

  /** Puts the phone to sleep or wakes it. */
  sleep(on) {
    if (!this.signedIn) return;
    this.closeSheet?.();
    this.client.setAsleep(on);
    this.update();
  }

  /** The list when signed in, else signing in; the name prompt once it is known that there is no name. */
  #settleHome() {
    const { client } = this;
    const kind = this.signedIn ? 'chats' : client.session.signedIn && client.store.user?.phone ? 'name' : 'signin';
    if (this.home?.kind === kind) return;
    this.home?.view.close?.();
    this.home = { kind, view: kind === 'chats' ? chatsView(this) : signInView(this) };
    this.listPane.replaceChildren(this.home.view.el);
    this.panes.classList.toggle('signed-in', kind === 'chats');
  }

  /** Puts a screen on top. */
  open(make, ...args) {
    const returnTo = document.activeElement;
    const view = make(this, ...args);
    this.stack.push(Object.assign(view, { returnTo }));
    this.#show();
    this.#guardHistory();
  }

  /** A chat takes the place of whatever is open; with `seq` it shows that message. */
  showChat(copy, { seq, query } = {}) {
    if (!copy) return;
    if (this.openChat === copy.id) while (this.stack.at(-1).id !== copy.id) this.back();
    else {
      while (this.stack.length) this.stack.pop().close?.();
      this.open(chatView, copy);
    }
    if (seq) this.stack.at(-1).jumpTo(seq, query);
  }

  back() {
    if (!this.stack.length) return;
    const left = this.stack.pop();
    left.close?.();
    this.#show();
    this.#focusAfter(left);
    if (!this.stack.length && history.state?.troupe === this.slot) history.back();
  }

  /** Back to what opened a screen; where that is gone, to the row of its chat or to whatever comes first. */
  #focusAfter({ returnTo, id }) {
    if (!this.wantsFocus) return;
    const screen = this.stack.at(-1)?.el ?? this.home.view.el;
    const target = screen.contains(returnTo) ? returnTo
      : id && screen.querySelector(`[data-chat="${id}"]`) || screen.querySelector('.row, button');
    target?.focus({ preventScroll: true });
  }

  /** Screens below the top stay in place, unseen, so that they keep where they were scrolled to. */
  #show() {
    const top = this.stack.at(-1);
    const screens = new Set(this.stack.map((view) => view.el));
    for (const el of [...this.detailPane.children]) if (!screens.has(el)) el.remove();
    for (const el of screens) {
      if (!el.isConnected) this.detailPane.append(el);
      el.inert = el !== top.el;
    }
    this.panes.classList.toggle('has-detail', Boolean(top));
    if (top && this.wantsFocus && !top.id) top.el.querySelector('.back')?.focus({ preventScroll: true });
    this.update();
  }

  /** Alone on the page, the system's back gesture leaves a screen and not the page. */
  #guardHistory() {
    if (this.alone() && history.state?.troupe !== this.slot) history.pushState({ troupe: this.slot }, '');
  }

  #popped() {
    if (!this.alone() || !this.stack.length) return;
    this.back();
    if (this.stack.length) this.#guardHistory();
  }

  #escape(event) {
    event.preventDefault();
    if (this.closeSheet) this.closeSheet();
    else if (this.client.asleep) this.sleep(false);
    else if (!this.stack.at(-1)?.escape?.()) this.back();
  }

  reset() {
    this.closeSheet?.();
    while (this.stack.length) this.stack.pop().close?.();
    this.home?.view.close?.();
    this.home = null;
    this.#show();
  }

  toast(text, kind = '') {
    const el = h('div', { class: `toast ${kind}` }, text);
    this.toasts.append(el);
    setTimeout(() => el.classList.add('leaving'), 4200);
    setTimeout(() => el.remove(), 4500);
  }

  /** Runs something that may be refused; a refusal becomes a toast and undefined. */
  async attempt(work) {
    try {
      return await work();
    } catch (problem) {
      if (!problem.friendly) throw problem;
      this.toast(problem.friendly, 'bad');
      return undefined;
    }
  }
}

// The pieces every screen is made of: headers, rows, fields, switches, the connection banner.
import { fill, h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';

export function roundButton(name, label, onclick, extra = {}) {
  return h('button', { class: 'round', type: 'button', 'aria-label': label, title: label, onclick, ...extra }, icon(name));
}

/** The bar on top of a screen that can be left again. */
export function topBar(phone, title, ...actions) {
  return h('header', { class: 'bar' },
    roundButton('back', 'Back', () => phone.back(), { class: 'round back' }),
    h('h1', { class: 'bar-title' }, title),
    ...actions);
}

export function row({ lead, title, note, trail, onclick, label }) {
  const content = [lead, h('span', { class: 'row-text' },
    h('span', { class: 'row-title', dir: 'auto' }, title),
    note ? h('span', { class: 'row-note', dir: 'auto' }, note) : null), trail];
  return onclick
    ? h('button', { class: 'row', type: 'button', onclick, 'aria-label': label }, ...content)
    : h('div', { class: 'row' }, ...content);
}

/** A row that is picked or not. */
export function checkRow({ on, ...content }) {
  const el = row({ ...content, trail: h('span', { class: `check ${on ? 'on' : ''}` }, on ? icon('tick') : null) });
  el.setAttribute('role', 'checkbox');
  el.setAttribute('aria-checked', String(on));
  return el;
}

/** A switch with its words; `change(on)` is asked for, the caller redraws. */
export function toggle({ title, note, on, disabled = false, change }) {
  return h('button', {
    class: 'row toggle', type: 'button', role: 'switch', 'aria-checked': String(Boolean(on)), disabled,
    onclick: () => change(!on),
  }, h('span', { class: 'row-text' }, h('span', { class: 'row-title' }, title), note ? h('span', { class: 'row-note' }, note) : null),
  h('span', { class: 'knob', 'aria-hidden': 'true' }));
}

let fieldNumber = 0;

/** A labelled input. */
export function field({ label, hint, ...input }) {
  const id = `field-${fieldNumber += 1}`;
  const control = h(input.rows ? 'textarea' : 'input', { id, class: 'input', dir: 'auto', ...input, 'aria-describedby': hint ? `${id}-hint` : null });
  const el = h('div', { class: 'field' },
    h('label', { for: id }, label), control, hint ? h('p', { class: 'hint', id: `${id}-hint` }, hint) : null);
  return { el, control };
}

export function choice({ title, value, options, change }) {
  const id = `field-${fieldNumber += 1}`;
  const select = h('select', { id, class: 'select', onchange: () => change(select.value) },
    options.map(([key, words]) => h('option', { value: key, selected: key === value }, words)));
  return h('div', { class: 'row choice' }, h('label', { for: id, class: 'row-title' }, title), select);
}

export const section = (title, ...children) =>
  h('section', { class: 'card' }, title ? h('h2', {}, title) : null, ...children);

const STATES = {
  connecting: 'Connecting…',
  offline: 'Offline – messages wait here',
  flight: 'Flight mode – messages wait here',
  'catching-up': 'Catching up…',
  halted: 'The connection was refused. Tap to try again.',
};

/** The strip that says how the connection is; empty while all is well. */
export function connectionBanner(phone) {
  const el = h('div', { class: 'banner', role: 'status' });
  let shown = '';
  let since = null;
  const draw = () => {
    const { client } = phone;
    const state = client.state === 'connecting' && (client.socket.struggling || !navigator.onLine) ? 'offline' : client.state;
    if (state === shown) return;
    shown = state;
    const text = STATES[state];
    el.className = `banner ${text ? `showing is-${state}` : ''}`;
    if (state === 'halted') fill(el, h('button', { type: 'button', onclick: () => client.socket.hurry() }, text));
    else fill(el, text ? h('span', {}, text) : null);
  };
  const update = () => {
    clearTimeout(since);
    // A state that passes at once would only flicker.
    if (phone.client.state === 'ready' || phone.client.state === 'flight') draw();
    else since = setTimeout(draw, 350);
  };
  return { el, update };
}

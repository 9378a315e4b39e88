// A sheet that rises over one phone: menus, questions, small lists.
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';

/** Opens a sheet; `actions` are `{label, icon, danger, run}`. Gives back a function that closes it. */
export function openSheet(phone, { title, body = [], actions = [] }) {
  phone.closeSheet?.();
  const before = document.activeElement;
  const seq = before?.closest('[data-seq]')?.dataset.seq;
  const close = () => {
    if (phone.closeSheet !== close) return;
    phone.closeSheet = null;
    phone.panes.inert = false;
    veil.classList.add('leaving');
    setTimeout(() => veil.remove(), 180);
    // A message may have been drawn anew meanwhile, with a tick as it is.
    const back = before?.isConnected ? before : phone.panes.querySelector(`[data-seq="${seq}"] .more`);
    back?.focus({ preventScroll: true });
  };
  const sheet = h('div', { class: 'sheet', role: 'dialog', 'aria-modal': 'true', 'aria-label': title, tabindex: '-1' },
    h('div', { class: 'sheet-head' },
      h('h2', {}, title),
      h('button', { class: 'round', type: 'button', 'aria-label': 'Close', onclick: close }, icon('close'))),
    h('div', { class: 'sheet-body' },
      body,
      actions.map((action) => h('button', {
        class: `action ${action.danger ? 'danger' : ''}`, type: 'button', onclick: () => { close(); action.run(); },
      }, icon(action.icon), h('span', {}, action.label)))));
  const veil = h('div', { class: 'veil', onclick: (event) => { if (event.target === veil) close(); } }, sheet);
  phone.closeSheet = close;
  phone.panes.inert = true;
  phone.screen.append(veil);
  (sheet.querySelector('.action, input, .sheet-body button') ?? sheet).focus({ preventScroll: true });
  return close;
}

/** Asks before something that cannot be taken back. */
export function confirmSheet(phone, { title, text, label, run }) {
  openSheet(phone, {
    title,
    body: text ? [h('p', { class: 'sheet-text' }, text)] : [],
    actions: [{ label, icon: 'warning', danger: true, run }],
  });
}

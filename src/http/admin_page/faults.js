// Faults to try an app against, and the clock. Built once: what is being typed is not taken away.

import { ask } from './api.js';
import { fill, h } from './dom.js';
import { moment, span } from './format.js';

const FAULTS = [
  ['store_refuses', 'The store refuses', 'Every write is refused: senders get 503.', []],
  ['store_slow', 'The store is slow', 'Every write waits first.', ['delay']],
  ['sockets_dropped', 'Sockets are cut', 'Without a close frame, and again when they come back.', ['user']],
  ['frames_delayed', 'Frames are late', 'What sockets are sent waits, in its order.', ['delay', 'user']],
  ['acks_lost', 'Acks are lost', 'Messages are stored, but their senders never hear of it.', ['user']],
  ['pushes_fail', 'Pushes fail', 'The push service is away.', []],
];
const LASTS = [[10, '10 s'], [60, '1 min'], [600, '10 min']];
const STEPS = [[60, '+1 min'], [3600, '+1 h'], [86400, '+1 day'], [604800, '+7 days']];

let rows = null;
let clock = null;
let problem = null;

export function showFaults(el, state, again) {
  if (!rows) build(el, again);
  for (const [kind, row] of rows) {
    const active = state.items.find((item) => item.kind === kind);
    row.el.classList.toggle('on', Boolean(active));
    row.toggle.setAttribute('aria-checked', String(Boolean(active)));
    row.left.textContent = active
      ? `${span(active.remainingMs / 1000)} left${active.userId ? `, for …${active.userId.slice(-8)}` : ''}${active.delayMs ? `, ${active.delayMs} ms` : ''}` : '';
  }
  const { now, aheadSeconds, isMovable } = state.clock;
  clock.text.textContent = `${moment(now)} UTC${aheadSeconds ? `, ${span(aheadSeconds)} ahead until the server starts again` : ''}`;
  for (const step of clock.steps) step.disabled = !isMovable;
  if (!isMovable) clock.text.textContent += '. It moves in the single-process set-up alone.';
}

function build(el, again) {
  rows = new Map(FAULTS.map((fault) => [fault[0], row(fault, again)]));
  clock = {
    text: h('p', { class: 'faint' }),
    steps: STEPS.map(([seconds, name]) => h('button', { type: 'button', class: 'small', onclick: () => send({ advanceSeconds: seconds }, again) }, name)),
  };
  problem = h('p', { class: 'problem', role: 'alert' });
  fill(el, problem, h('div', { class: 'faults' }, [...rows.values()].map((one) => one.el),
    h('div', { class: 'fault clock' }, h('div', { class: 'fault-head' }, h('b', {}, 'The clock')), h('p', {}, 'Moved on, so that what expires does. It never goes back.'), clock.text,
      h('div', { class: 'steps' }, clock.steps))));
}

function row([kind, name, about, takes], again) {
  const left = h('span', { class: 'left' });
  const delay = takes.includes('delay') ? h('input', { type: 'number', min: '1', max: '10000', value: '1000', 'aria-label': `${name}: milliseconds` }) : null;
  const user = takes.includes('user') ? h('input', { placeholder: 'everyone', autocomplete: 'off', spellcheck: 'false', 'aria-label': `${name}: user` }) : null;
  const lasts = h('select', { 'aria-label': `${name}: for how long` }, LASTS.map(([seconds, text]) => h('option', { value: String(seconds) }, text)));
  lasts.value = '60';
  const toggle = h('button', { type: 'button', class: 'switch', role: 'switch', 'aria-checked': 'false', 'aria-label': name,
    onclick: () => {
      if (toggle.getAttribute('aria-checked') === 'true') return clear(kind, again);
      const fault = { kind, seconds: Number(lasts.value) };
      if (delay) fault.delayMs = Number(delay.value);
      if (user?.value.trim()) fault.userId = user.value.trim();
      send(fault, again);
    } });
  return { left, toggle, el: h('div', { class: 'fault' },
    h('div', { class: 'fault-head' }, h('b', {}, name), left, toggle), h('p', {}, about),
    h('div', { class: 'fields' }, delay ? h('label', {}, delay, ' ms') : null, user ? h('label', { class: 'who' }, 'user ', user) : null, h('label', {}, 'for ', lasts))) };
}

async function attempt(done, again) {
  try {
    await done;
    problem.textContent = '';
  } catch (error) {
    problem.textContent = error.message;
  }
  again();
}

const send = (body, again) => attempt(ask('/admin/faults', { method: 'POST', body }), again);
const clear = (kind, again) => attempt(ask(`/admin/faults?kind=${kind}`, { method: 'DELETE' }), again);

// Background jobs with their button, and accounts that are being deleted.

import { ask } from './api.js';
import { fill, h } from './dom.js';
import { ago, count, moment, short, span } from './format.js';

const STATES = { running: 'warned', waiting: 'warned', failed: 'failed', ok: 'fine', never: '' };

export function showJobs(el, { items }, now, again) {
  fill(el, h('ul', { class: 'entries' }, items.map((job) => h('li', { class: 'job' },
    h('div', { class: 'job-text' },
      h('b', {}, job.name.replaceAll('_', ' ')), ' ', h('span', { class: `chip ${STATES[job.state] ?? ''}` }, job.state),
      h('p', { class: 'faint' }, job.about),
      h('p', { class: 'faint' }, [`every ${span(job.everySeconds)}`, job.state === 'running' ? `${count(job.done)} done` : job.finishedAt ? `ended ${ago(job.finishedAt, now)}` : 'never ran', job.report].filter(Boolean).join(' · '))),
    h('button', { type: 'button', class: 'small', disabled: job.state === 'running' || job.state === 'waiting', 'aria-label': `Run ${job.name}`, onclick: (event) => run(event.currentTarget, job.name, again) }, 'Run')))));
}

async function run(button, name, again) {
  button.disabled = true;
  try {
    await ask(`/admin/jobs/${encodeURIComponent(name)}/run`, { method: 'POST' });
  } catch (error) {
    button.textContent = 'Refused';
    button.title = error.message;
    return;
  }
  again();
}

export function showDeletions(el, { items }, now) {
  const open = items.filter((one) => !one.finishedAt);
  const done = items.length - open.length;
  const lines = open.map((one) => h('li', { class: 'entry' },
    h('b', { title: one.userId }, short(one.userId)), h('span', { class: `chip ${one.state === 'failed' ? 'failed' : 'warned'}` }, one.state),
    h('span', { class: 'faint' }, `asked ${ago(one.requestedAt, now)} · ${one.stores.map((store) => `${store.name} ${store.state}`).join(', ')}`)));
  const last = items.find((one) => one.finishedAt);
  fill(el, lines.length ? h('ul', { class: 'entries' }, lines) : h('p', { class: 'empty' }, 'None under way.'),
    done ? h('p', { class: 'faint' }, `${count(done)} done, the last ${moment(last.finishedAt)}`) : null);
}

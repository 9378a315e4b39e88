// My data: a copy of it, and the end of it.
import { confirmSheet, openSheet } from '/demo/sheet.js';
import { field, section, topBar } from '/demo/parts.js';
import { fill, h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';

const ASK_MS = 1500;
const WORD = 'DELETE';

export function accountView(phone) {
  const { api, session } = phone.client;
  const state = h('div', { class: 'export', role: 'status' });
  const start = h('button', { class: 'action', type: 'button', onclick: begin }, icon('box'), h('span', {}, 'Prepare a copy of my data'));
  const el = h('section', { class: 'screen', 'aria-label': 'Your data' }, topBar(phone, 'Your data'),
    h('div', { class: 'scroll padded' },
      section('A copy', h('p', { class: 'hint inset' }, 'Your profile, contacts, chats, messages and files in one archive.'), start, state),
      section('The end', h('p', { class: 'hint inset' }, 'Deleting the account ends all its sessions and takes back everything you wrote and sent.'),
        h('button', { class: 'action danger', type: 'button', onclick: () => askDelete(phone) }, icon('trash'), h('span', {}, 'Delete my account')))));
  let timer = null;

  function begin() {
    return phone.attempt(async () => {
      start.disabled = true;
      draw(await api.post('/users/me/export'));
      session.write('exported', true);
    }).finally(() => { start.disabled = false; });
  }

  function draw({ state: now, url }) {
    clearTimeout(timer);
    if (now === 'running') {
      if (!state.querySelector('.spinner')) fill(state, h('span', { class: 'spinner' }), h('span', {}, 'Being put together…'));
      timer = setTimeout(look, ASK_MS);
    } else if (now === 'ready') {
      fill(state, url ? h('a', { class: 'button', href: url, download: 'troupe-data.zip', target: '_blank', rel: 'noopener' }, 'Download') : 'Ready.');
    } else if (now === 'failed') fill(state, h('p', { class: 'problem' }, 'It could not be put together. Please try again.'));
  }

  async function look() {
    try {
      draw(await api.get('/users/me/export'));
    } catch (problem) {
      if (problem.status !== 404) timer = setTimeout(look, ASK_MS * 3);
    }
  }

  if (session.read('exported')) look();
  return { el, update() {}, close: () => clearTimeout(timer) };
}

function askDelete(phone) {
  confirmSheet(phone, {
    title: 'Delete your account?', label: 'Go on',
    text: 'Your profile, your contacts and your files go, and everything you wrote disappears from every chat. Nobody can bring it back.',
    run: () => askWord(phone),
  });
}

function askWord(phone) {
  const word = field({ label: `Write ${WORD} to confirm`, name: 'confirm', autocomplete: 'off', autocapitalize: 'characters' });
  const button = h('button', { class: 'primary', type: 'submit', disabled: true }, 'Delete my account for good');
  word.control.addEventListener('input', () => { button.disabled = word.control.value.trim().toUpperCase() !== WORD; });
  const close = openSheet(phone, {
    title: 'For good',
    body: [h('form', {
      onsubmit: (event) => {
        event.preventDefault();
        if (button.disabled) return;
        close();
        phone.attempt(() => phone.client.deleteAccount());
      },
    }, word.el, button)],
  });
}

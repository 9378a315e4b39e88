// Profile, sessions, signing out, and the way to what is set elsewhere.
import { accountView } from '/demo/view-account.js';
import { avatar } from '/demo/avatar.js';
import { field, row, section, topBar } from '/demo/parts.js';
import { changeableFace } from '/demo/face.js';
import { confirmSheet } from '/demo/sheet.js';
import { fill, h } from '/demo/dom.js';
import { fullTime, phoneNumber } from '/demo/format.js';
import { icon } from '/demo/icons.js';
import { privacyView } from '/demo/view-privacy.js';
import { starredView } from '/demo/view-starred.js';

export function settingsView(phone) {
  const { client } = phone;
  const profile = h('div');
  const sessions = h('div');
  const el = h('section', { class: 'screen', 'aria-label': 'Profile and settings' },
    topBar(phone, 'You'),
    h('div', { class: 'scroll padded' }, profile,
      section(null,
        h('button', { class: 'action', type: 'button', onclick: () => phone.open(starredView) }, icon('star'), h('span', {}, 'Starred messages')),
        h('button', { class: 'action', type: 'button', onclick: () => phone.open(privacyView) }, icon('lock'), h('span', {}, 'Privacy and blocked people')),
        h('button', { class: 'action', type: 'button', onclick: () => phone.open(accountView) }, icon('box'), h('span', {}, 'Your data: copy or delete'))),
      sessions,
      section(null,
        h('button', { class: 'action', type: 'button', onclick: () => phone.attempt(() => client.signOut()) }, icon('leave'), h('span', {}, 'Sign out')),
        h('button', {
          class: 'action danger', type: 'button', onclick: () => confirmSheet(phone, {
            title: 'Sign out everywhere?', text: 'All your sessions end, this one too.', label: 'Sign out everywhere',
            run: () => phone.attempt(() => client.signOut(true)),
          }),
        }, icon('device'), h('span', {}, 'Sign out everywhere')))));

  drawProfile();
  function own() {
    const now = client.store.user;
    return changeableFace(phone, avatar({ id: now?.id, name: now?.displayName, url: now?.avatarUrl, size: 'huge' }), {
      label: 'Change your picture', has: Boolean(now?.avatarUrl),
      async set(avatarMediaId) {
        client.setUser(await client.api.patch('/users/me', { avatarMediaId }));
        drawProfile();
      },
    });
  }

  function drawProfile() {
    const { user } = client.store;
    const name = field({ label: 'Name', maxlength: 100, value: user?.displayName ?? '', required: true, autocomplete: 'off' });
    const about = field({ label: 'About', maxlength: 500, rows: 2, value: user?.statusText ?? '', placeholder: 'A line about you' });
    fill(profile,
      h('div', { class: 'face' }, own(), h('p', {}, phoneNumber(user?.phone))),
      section(null, h('form', {
        onsubmit: (event) => {
          event.preventDefault();
          const displayName = name.control.value.trim();
          if (!displayName) return phone.toast('Please write a name.', 'bad');
          phone.attempt(async () => {
            client.setUser(await client.api.patch('/users/me', { displayName, statusText: about.control.value.trim() }));
            phone.toast('Saved');
          });
        },
      }, name.el, about.el, h('button', { class: 'primary', type: 'submit' }, 'Save'))));
  }

  async function loadSessions() {
    const items = await client.api.all('/auth/sessions');
    fill(sessions, section('Sessions', items.map((item) => row({
      lead: h('span', { class: 'avatar small' }, icon('device')),
      title: item.deviceName || item.platform || 'Device',
      note: item.current ? 'this one' : `last used ${fullTime(item.lastUsedAt)}`,
      trail: item.current ? null : h('button', {
        class: 'link', type: 'button', onclick: () => phone.attempt(async () => {
          await client.api.delete(`/auth/sessions/${item.id}`);
          await loadSessions();
        }),
      }, 'Sign out'),
    }))));
  }

  loadSessions().catch(() => {});
  return { el, update() {} };
}

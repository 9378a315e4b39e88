// Who sees what of me, and whom I blocked.
import { avatar } from '/demo/avatar.js';
import { choice, row, section, toggle, topBar } from '/demo/parts.js';
import { fill, h } from '/demo/dom.js';
import { unblock } from '/demo/view-info.js';

const CIRCLES = [['everyone', 'Everyone'], ['contacts', 'My contacts'], ['nobody', 'Nobody']];
const SEEN = [['lastSeen', 'Last seen and online'], ['profilePhoto', 'Profile picture'], ['about', 'About']];

export function privacyView(phone) {
  const { client } = phone;
  const rules = h('div', { class: 'stack' });
  const blocked = h('div');
  const el = h('section', { class: 'screen', 'aria-label': 'Privacy' }, topBar(phone, 'Privacy'), h('div', { class: 'scroll padded' }, rules, blocked));
  let drawn = '';

  function update() {
    const next = JSON.stringify([client.store.privacy, [...client.store.blocked].map((id) => [id, client.people.name(id)])]);
    if (next === drawn) return;
    drawn = next;
    const focused = [...el.querySelectorAll('button, select')].indexOf(document.activeElement);
    if (client.store.privacy) drawRules(client.store.privacy);
    else fill(rules, h('p', { class: 'hint' }, 'Loading…'));
    drawBlocked([...client.store.blocked]);
    if (focused >= 0) el.querySelectorAll('button, select')[focused]?.focus({ preventScroll: true });
  }

  function drawRules(now) {
    const put = (change) => phone.attempt(async () => {
      client.store.privacy = { ...now, ...change, ...await client.api.put('/users/me/privacy', change) };
    }).finally(() => {
      drawn = ''; // what was refused is shown as it is
      phone.changed();
    });
    const pick = ([name, title]) => choice({ title, value: now[name], options: CIRCLES, change: (value) => put({ [name]: value }) });
    fill(rules,
      section('Who may see', SEEN.map(pick)),
      section('Reading', toggle({
        title: 'Read receipts', note: 'Off: nobody sees what you read, and you do not see what others read.',
        on: now.readReceipts, change: (readReceipts) => put({ readReceipts }),
      })),
      section('Groups', pick(['groupAdd', 'Who may add me'])));
  }

  function drawBlocked(people) {
    fill(blocked, section('Blocked', people.length ? people.map((id) => row({
      lead: avatar({ id, name: client.people.name(id), url: client.people.get(id).avatarUrl, size: 'small' }), title: client.people.name(id),
      trail: h('button', { class: 'link', type: 'button', 'aria-label': `Unblock ${client.people.name(id)}`, onclick: () => unblock(phone, id) }, 'Unblock'),
    })) : h('p', { class: 'hint inset' }, 'Nobody. You can block a person from the details of a chat.')));
  }

  phone.attempt(async () => {
    client.store.privacy = await client.api.get('/users/me/privacy');
    phone.changed();
  });
  return { el, update };
}

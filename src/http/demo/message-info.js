// How far an own message got, person by person.
import { avatar } from '/demo/avatar.js';
import { fullTime } from '/demo/format.js';
import { h } from '/demo/dom.js';
import { icon, tick } from '/demo/icons.js';
import { openSheet } from '/demo/sheet.js';
import { row, section } from '/demo/parts.js';
import { summary } from '/demo/summary.js';

const STAGES = [['read', 'Read'], ['delivered', 'Delivered'], ['sent', 'Not delivered yet']];

export function messageInfo(phone, copy, message) {
  const { client } = phone;
  return phone.attempt(async () => {
    const items = await client.api.all(`/messages/${message.id}/receipts`);
    const stages = STAGES.map(([status, title]) => [title, items.filter((item) => item.status === status)]);
    openSheet(phone, {
      title: 'Message info',
      body: [
        h('p', { class: 'sheet-text quoted', dir: 'auto' }, summary(client, message).slice(0, 200)),
        h('p', { class: 'sheet-text' }, `Sent ${fullTime(message.createdAt)}`,
          message.editedAt ? `, edited ${fullTime(message.editedAt)}` : '',
          message.expiresAt ? `, disappears ${fullTime(message.expiresAt)}` : ''),
        stages.filter(([, people]) => people.length).map(([title, people]) => section(title, people.map((item) => person(client, item)))),
        items.length ? null : h('p', { class: 'sheet-text' }, 'Nobody else is here to receive it.'),
        client.store.privacy?.readReceipts === false
          ? h('p', { class: 'sheet-text' }, icon('info'), ' Your read receipts are off, so nobody’s reading is shown to you.') : null,
      ],
    });
  });
}

function person(client, { userId, status, updatedAt }) {
  const name = client.people.name(userId);
  return row({
    lead: avatar({ id: userId, name, url: client.people.get(userId).avatarUrl, size: 'small' }),
    title: name, note: status === 'sent' ? null : fullTime(updatedAt), trail: tick(status),
  });
}

// A new group, or more people for one that exists.
import { fill, h, keyed } from '/demo/dom.js';
import { list } from '/demo/format.js';
import { field, toggle, topBar } from '/demo/parts.js';
import { contactRow } from '/demo/view-new-chat.js';

export function newGroupView(phone) {
  const { client } = phone;
  const name = field({ label: 'Group name', maxlength: 100, name: 'group', autocomplete: 'off', placeholder: 'Opening night' });
  const about = field({ label: 'Description (optional)', rows: 2, name: 'description', placeholder: 'What it is about' });
  let adminOnly = false;
  const rule = h('div');
  const drawRule = () => fill(rule, toggle({
    title: 'Only admins write', note: 'You are the first admin.', on: adminOnly,
    change: (on) => { adminOnly = on; drawRule(); rule.firstChild.focus(); },
  }));
  drawRule();
  return picker(phone, {
    title: 'New group',
    head: [name.el, about.el, rule],
    submit: (count) => (count ? `Create with ${count}` : 'Pick at least one'),
    skip: () => false,
    async done(participantIds) {
      if (!name.control.value.trim()) return name.control.focus();
      const description = about.control.value.trim();
      const copy = await client.openChat({
        type: 'group', name: name.control.value.trim(), participantIds, ...(description ? { description } : {}), ...(adminOnly ? { adminOnly } : {}),
      });
      phone.showChat(copy);
    },
  });
}

export function addMembersView(phone, copy) {
  const inside = () => new Set((copy.members ?? []).map((member) => member.userId));
  return picker(phone, {
    title: 'Add people',
    submit: (count) => (count ? `Add ${count}` : 'Pick at least one'),
    skip: (id) => inside().has(id),
    async done(userIds) {
      await phone.client.api.post(`/chats/${copy.id}/participants`, { userIds });
      await phone.client.loadMembers(copy);
      phone.back();
    },
  });
}

function picker(phone, { title, head = [], submit, skip, done }) {
  const { client } = phone;
  const picked = new Set();
  const button = h('button', { class: 'primary', type: 'submit' });
  const people = h('ul', { class: 'plain', 'aria-label': 'Contacts' });
  const none = h('p', { class: 'hint' }, 'No contacts to pick from yet. Look up a number under “New chat” first.');
  /** Whoever does not let me add them is told by name. */
  const named = (problem) => {
    const who = [...picked].filter((id) => problem.errors?.some((e) => e.message.includes(id)));
    if (who.length) problem.message = `${list(who.map((id) => client.people.name(id)))} cannot be added by you`;
    throw problem;
  };
  const form = h('form', {
    class: 'screen', 'aria-label': title,
    onsubmit: (event) => {
      event.preventDefault();
      if (picked.size) phone.attempt(() => done([...picked]).catch(named));
    },
  }, topBar(phone, title), h('div', { class: 'scroll padded' }, head, people, none), h('div', { class: 'foot' }, button));

  function update() {
    const offered = client.people.contacts.filter((contact) => !skip(contact.userId));
    button.textContent = submit(picked.size);
    button.disabled = picked.size === 0;
    none.hidden = offered.length > 0;
    keyed(people, offered.map((contact) => {
      const on = picked.has(contact.userId);
      return contactRow(client, contact, {
        on,
        onclick: () => {
          if (on) picked.delete(contact.userId);
          else picked.add(contact.userId);
          update();
        },
      });
    }));
  }
  client.people.loadContacts().catch(() => {});
  return { el: form, update };
}

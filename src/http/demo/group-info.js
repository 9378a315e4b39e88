// What belongs to a group alone: its name, who may write, its members.
import { addMembersView } from '/demo/view-new-group.js';
import { avatar } from '/demo/avatar.js';
import { changeChat } from '/demo/view-info.js';
import { confirmSheet, openSheet } from '/demo/sheet.js';
import { field, row, section, toggle } from '/demo/parts.js';
import { h } from '/demo/dom.js';
import { icon } from '/demo/icons.js';

export function groupSettings(phone, copy) {
  if (copy.meta.myRole !== 'admin') return null;
  const patch = (change) => changeChat(phone, copy, () => phone.client.api.patch(`/chats/${copy.id}`, change), change);
  return section(null,
    h('button', { class: 'action', type: 'button', onclick: () => rename(phone, copy, patch) }, icon('edit'), h('span', {}, 'Name and description')),
    toggle({ title: 'Admins only', note: 'Only admins can write', on: copy.meta.adminOnly, change: (adminOnly) => patch({ adminOnly }) }));
}

function rename(phone, copy, patch) {
  const name = field({ label: 'Group name', maxlength: 100, value: copy.meta.name ?? '', required: true });
  const about = field({ label: 'Description', rows: 3, value: copy.meta.description ?? '' });
  const close = openSheet(phone, {
    title: 'Name and description',
    body: [h('form', {
      onsubmit: async (event) => {
        event.preventDefault();
        const change = {};
        if (name.control.value.trim() !== copy.meta.name) change.name = name.control.value.trim();
        if (about.control.value.trim() !== (copy.meta.description ?? '')) change.description = about.control.value.trim();
        if (!Object.keys(change).length || await patch(change)) close(); // what was refused can be put right
      },
    }, name.el, about.el, h('button', { class: 'primary', type: 'submit' }, 'Save'))],
  });
}

export function memberCard(phone, copy) {
  const { client } = phone;
  const admin = copy.meta.myRole === 'admin';
  const members = [...(copy.members ?? [])].sort((a, b) => (a.role > b.role ? 1 : a.role < b.role ? -1 : 0));
  return section(copy.meta.participantCount === 1 ? '1 member' : `${copy.meta.participantCount ?? members.length} members`,
    admin ? h('button', { class: 'action', type: 'button', onclick: () => phone.open(addMembersView, copy) }, icon('plus'), h('span', {}, 'Add people')) : null,
    members.map((member) => {
      const own = member.userId === client.me;
      const name = own ? 'You' : member.displayName || client.people.name(member.userId);
      return row({
        lead: avatar({ id: member.userId, name: member.displayName, url: member.avatarUrl, online: client.people.presence.get(member.userId)?.online, size: 'small' }),
        title: name,
        trail: member.role === 'admin' ? h('span', { class: 'tag' }, 'admin') : null,
        onclick: own ? null : () => memberMenu(phone, copy, member, name),
      });
    }));
}

function memberMenu(phone, copy, member, name) {
  const { client } = phone;
  const path = `/chats/${copy.id}/participants/${member.userId}`;
  const change = (work) => phone.attempt(async () => {
    await work();
    await client.loadMembers(copy);
  });
  const actions = [{
    label: `Write to ${name}`, icon: 'chat',
    run: () => phone.attempt(async () => phone.showChat(client.store.directWith(member.userId) ?? await client.openChat({ type: 'direct', userId: member.userId }))),
  }];
  if (copy.meta.myRole === 'admin') {
    const to = member.role === 'admin' ? 'member' : 'admin';
    actions.push({
      label: to === 'admin' ? 'Make admin' : 'Make member', icon: 'shield', run: () => change(() => client.api.patch(path, { role: to })),
    }, {
      label: 'Remove from group', icon: 'leave', danger: true,
      run: () => confirmSheet(phone, { title: `Remove ${name}?`, label: 'Remove', run: () => change(() => client.api.delete(path)) }),
    });
  }
  openSheet(phone, { title: name, actions });
}

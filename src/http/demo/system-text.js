// What the server's own messages say, in a sentence.
import { duration, list } from '/demo/format.js';

/** The sentence for a `system` message as this account reads it. */
export function systemText(client, message) {
  const payload = message.payload ?? {};
  const me = client.me;
  const who = (id, middle = false) => (id === me ? (middle ? 'you' : 'You') : client.people.name(id));
  const actor = who(payload.actorId ?? message.senderId);
  const people = list((payload.userIds ?? []).map((id) => who(id, true)));
  const isSelf = payload.userIds?.length === 1 && payload.userIds[0] === payload.actorId;
  switch (payload.event) {
    case 'member_added': return `${actor} added ${people || 'someone'}`;
    case 'member_removed': return `${actor} removed ${people || 'someone'}`;
    case 'member_left': return left(payload, isSelf || !people ? actor : capital(people), who);
    case 'role_changed': return role(actor, people, payload);
    case 'timer_changed': return timer(actor, payload.seconds ?? payload.autoDeleteTimer);
    case 'chat_changed': return changed(actor, payload);
    default: return 'The chat was updated';
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function left({ newAdminId }, who, name) {
  return `${who} left${newAdminId ? ` · ${name(newAdminId)} became admin` : ''}`;
}

function role(actor, people, { role: to }) {
  if (to === 'admin') return `${actor} made ${people} an admin`;
  if (to === 'member') return `${actor} made ${people} a member again`;
  return `${actor} changed the role of ${people || 'someone'}`;
}

function timer(actor, seconds) {
  if (seconds === undefined) return `${actor} changed the disappearing timer`;
  return seconds ? `${actor} set messages to disappear after ${duration(seconds)}` : `${actor} turned disappearing messages off`;
}

function changed(actor, { name, description, adminOnly, avatarMediaId }) {
  if (name) return `${actor} named the group “${name}”`;
  if (adminOnly === true) return `${actor} let only admins write`;
  if (adminOnly === false) return `${actor} let everyone write`;
  if (description !== undefined) return `${actor} changed the description`;
  if (avatarMediaId !== undefined) return `${actor} changed the picture`;
  return `${actor} changed the group’s details`;
}

// The message that another one answers, wherever it is.
import { summary } from '/demo/summary.js';

const fetched = new WeakMap(); // client → message id → message, or null while unknown

/** Who said it and what; a message before the loaded window is fetched once. */
export function quoteOf(phone, copy, messageId) {
  const { client } = phone;
  const message = copy.messages.get(messageId) ?? outside(phone, messageId);
  if (!message) return { who: 'Earlier message', text: '…' };
  return { who: message.senderId === client.me ? 'You' : client.people.name(message.senderId), text: summary(client, message) };
}

function outside(phone, messageId) {
  const { client } = phone;
  if (!fetched.has(client)) fetched.set(client, new Map());
  const cache = fetched.get(client);
  if (!cache.has(messageId)) {
    cache.set(messageId, null);
    client.api.get(`/messages/${messageId}`).then((message) => {
      cache.set(messageId, message);
      phone.changed();
    }).catch(() => {});
  }
  return cache.get(messageId);
}

// A message in one line, for the chat list, quotes and screen readers.
import { systemText } from '/demo/system-text.js';

const MEDIA = { image: 'Photo', video: 'Video', audio: 'Audio', document: 'Document' };

export function summary(client, message) {
  if (message.isDeleted) return message.senderId === client.me ? 'You deleted this message' : 'This message was deleted';
  const payload = message.payload ?? {};
  switch (message.type) {
    case 'text': return payload.content ?? '';
    case 'location': return payload.name ? `Location: ${payload.name}` : 'Location';
    case 'image': case 'video': case 'audio': return payload.caption || MEDIA[message.type];
    case 'document': return payload.fileName || MEDIA.document;
    case 'system': return systemText(client, message);
    default: return 'Unsupported message';
  }
}

/** The sign beside it, where the text alone does not say what it is. */
export function summaryIcon(message) {
  if (message.isDeleted) return 'block';
  return { image: 'image', video: 'video', audio: 'audio', document: 'document', location: 'pinPlace' }[message.type] ?? null;
}

/** Whether it shows something beside words. */
export const isMedia = (message) => !message.isDeleted && ['image', 'video', 'audio', 'document', 'location'].includes(message.type);

// What this phone has written and the server does not have yet, in the shape of messages.

/** Of one chat, in the order it was written. */
export function waitingIn(client, chatId) {
  const sending = client.outbox.of(chatId).map((item) => ({
    ...item, type: item.type ?? 'text', payload: item.payload ?? { content: item.content },
  }));
  const rising = client.uploads.of(chatId).map((item) => ({
    ...item, item, payload: { caption: item.caption, fileName: item.file.name, fileSize: item.file.size, ...sizes(item.local) },
  }));
  return [...sending, ...rising]
    .map((message) => ({ ...message, waiting: true, senderId: client.me }))
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
}

const sizes = (local) => ({ width: local?.width, height: local?.height, durationMs: local?.durationMs });

// A form sent with progress, which fetch does not tell.

/** Resolves with `{status, text}`, whatever the answer is. */
export function sendForm(url, form, { headers, signal, progress }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    if (signal?.aborted) return reject(new Error('the connection went'));
    signal?.addEventListener('abort', abort);
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total, lengthComputable }) => { if (lengthComputable) progress?.(loaded / total); };
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = request.onabort = () => reject(new Error('the connection went'));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.send(form);
    return undefined;
  });
}

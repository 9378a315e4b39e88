// A recording that says how long it is: the browser leaves that out, because it writes as it hears.
const INFO = [0x15, 0x49, 0xa9, 0x66];
const DURATION = [0x44, 0x89, 0x88]; // the element and its eight bytes

/** The same WebM file with its length in it; any other file as it is. */
export async function withDuration(file, durationMs) {
  if (!file.type.includes('webm')) return file;
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  const at = head.findIndex((_, from) => INFO.every((byte, i) => head[from + i] === byte));
  const size = head[at + 4] & 0x7f; // one byte with its marker, in what browsers write
  const end = at + 5 + size;
  if (at < 0 || !(head[at + 4] & 0x80) || size + 11 > 126 || end > head.length || has(head, at + 5, end)) return file;
  const length = new DataView(new ArrayBuffer(8));
  length.setFloat64(0, durationMs); // in milliseconds, which browsers count in
  const parts = [head.slice(0, at + 4), new Uint8Array([0x80 | (size + 11)]), head.slice(at + 5, end), new Uint8Array(DURATION), length.buffer, file.slice(end)];
  return new File(parts, file.name, { type: file.type });
}

const has = (head, from, to) => head.subarray(from, to).some((byte, i, part) => byte === 0x44 && part[i + 1] === 0x89);

/** The text of a body, whatever it is encoded in. */

/**
 * JSON is UTF-8 (RFC 8259), unless its sender says otherwise. Some say nothing, or what is not so:
 * - a byte order mark, and the zeros beside the first character of UTF-16, tell more than a header
 * - letters that are valid UTF-8 are UTF-8, since other encodings of a byte a letter hardly ever look like it
 * - what is no UTF-8, and has no letter of it either, is the usual encoding of Western Windows
 */
export function decoded(bytes: Uint8Array, contentType: string | undefined): string {
  const utf16 = utf16Of(bytes)
  if (utf16 !== undefined) return new TextDecoder(utf16).decode(bytes)
  const decoder =
    bytes.some(byte => byte > 0x7f) && isUtf8(bytes) ? new TextDecoder() : decoderOf(contentType)
  const text = decoder.decode(bytes)
  const isFaulty = decoder.encoding === 'utf-8' && text.includes('\uFFFD') && !/[^\0-\x7f\ufffd]/.test(text)
  return isFaulty && !isUtf8(bytes) ? new TextDecoder('windows-1252').decode(bytes) : text
}

function utf16Of([first, second]: Uint8Array): string | undefined {
  if ((first === 0xff && second === 0xfe) || (first && second === 0)) return 'utf-16le'
  if ((first === 0xfe && second === 0xff) || (first === 0 && second)) return 'utf-16be'
  return undefined
}

/** Its sender may have written the mark for what is no character itself. */
function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
}

function decoderOf(contentType: string | undefined) {
  const [, charset = 'utf-8'] = /charset="?([^";\s]+)/i.exec(contentType ?? '') ?? []
  try {
    return new TextDecoder(charset)
  } catch (error) {
    if (error instanceof RangeError) return new TextDecoder()
    throw error
  }
}

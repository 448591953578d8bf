const seed = 0x9747b28c
const mixing = 0x5bd1e995

/**
 * Hashes a key as the Java client does to choose its partition: murmur2 without its sign, so that other producers agree. The client
 * library computes with BigInt, which costs forty times as much.
 *
 * @param length how many of the bytes are the key
 */
export function hashKey(bytes: Buffer, length: number): number {
  let hash = seed ^ length
  const words = length & ~3
  for (let at = 0; at < words; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), mixing)
    word = Math.imul(word ^ (word >>> 24), mixing)
    hash = Math.imul(hash, mixing) ^ word
  }
  if (words < length) {
    for (let at = words; at < length; at++) hash ^= (bytes[at] ?? 0) << (8 * (at - words))
    hash = Math.imul(hash, mixing)
  }
  hash = Math.imul(hash ^ (hash >>> 13), mixing)
  return (hash ^ (hash >>> 15)) & 0x7fffffff
}

/** How long a connection waits, in milliseconds. */
export const timeouts = {
  /** For the next request on a connection. */
  idleMs: 60_000,
  /** For a head, from its first byte. */
  headMs: 15_000,
  /** For the next bytes of a body, while its handler waits for them. */
  bodyMs: 60_000,
  /** For a receiver that takes nothing. */
  receiverMs: 30_000,
  /** For a sender to hear that it was refused, before it is cut off. */
  lingerMs: 10_000,
}

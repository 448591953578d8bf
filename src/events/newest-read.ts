/**
 * The newest transaction of the log that this process has read events of. It is kept in memory, where no restore of the database takes
 * it back.
 */
export class NewestRead {
  #xid = 0n

  get xid(): bigint {
    return this.#xid
  }

  note(xid: string): void {
    const read = BigInt(xid)
    if (read > this.#xid) this.#xid = read
  }
}

/** Smaller pages are left to the runtime. */
const largeBytesMin = 256 * 1024

/**
 * Collects the garbage of large pages before there is much of it. Making a page leaves several times its size behind, and the runtime,
 * which collects beside the service's own work, falls behind when other processes keep the cores busy.
 *
 * @param options residentBytesMin: from this much resident memory on; everyBytes: what is made of large pages between two
 *   collections; residentBytes, collect: of the process
 * @returns takes the size of each page that was made
 */
export function createPageGarbage(options: {
  residentBytesMin: number
  everyBytes: number
  residentBytes: () => number
  collect: () => void
}): (pageBytes: number) => void {
  const { residentBytesMin, everyBytes, residentBytes, collect } = options
  let madeBytes = 0
  return pageBytes => {
    if (pageBytes < largeBytesMin) return
    madeBytes += pageBytes
    if (madeBytes < everyBytes || residentBytes() < residentBytesMin) return
    madeBytes = 0
    collect()
  }
}

const mebibyte = 1024 * 1024

/** Keeps the process well below 350 MB. A collection takes some 20 ms, and making 16 MiB of pages ten times as long. */
export const pageWasMade = createPageGarbage({
  residentBytesMin: 224 * mebibyte,
  everyBytes: 16 * mebibyte,
  residentBytes: () => process.memoryUsage.rss(),
  collect: () => Bun.gc(true),
})

/** The time buckets of tallies. */

/** The length of a bucket. */
export const bucketSeconds = 10

/** When the bucket of a time begins. Times in milliseconds since 1970. */
export function bucketOf(timeMs: number): number {
  return Math.floor(timeMs / (bucketSeconds * 1000)) * bucketSeconds * 1000
}

/** How long after its beginning a bucket is merged: the transactions that write to it are over then. */
export const mergeAfterSeconds = 60

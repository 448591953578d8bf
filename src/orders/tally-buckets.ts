/** The buckets of time that orders are summed up in. */

/** The length of a bucket. */
export const bucketSeconds = 10

/** When the bucket of a time begins. Times in milliseconds since 1970. */
export function bucketOf(timeMs: number): number {
  return Math.floor(timeMs / (bucketSeconds * 1000)) * bucketSeconds * 1000
}

/** A bucket is left alone for so long after it has begun: the transactions that write to it are over then. */
export const mergeAfterSeconds = 60

import { existsSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Returns the folder itself, or its nearest parent that exists. */
export function nearestExisting(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : nearestExisting(dirname(folder))
}

/** Returns the size of the file system that a folder is or will be on, and what an ordinary account may still use, in bytes. */
export async function readDisk(folder: string): Promise<{ sizeBytes: number; availableBytes: number }> {
  const { bsize, blocks, bavail } = await statfs(nearestExisting(folder))
  return { sizeBytes: blocks * bsize, availableBytes: bavail * bsize }
}

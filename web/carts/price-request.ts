import { Refusal, request } from '../platform/api.ts'
import { texts } from './texts.ts'

/** Keeps what is there from being replaced by something new. @throws Refusal */
export async function refuseTaken(path: string, id: string): Promise<void> {
  const isTaken = await request(path).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Refusal && error.status === 404) return false
      throw error
    },
  )
  if (isTaken) throw new Refusal(0, { title: texts.taken(id), detail: texts.takenHint })
}

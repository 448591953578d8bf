import { signal } from '@preact/signals'
import type { TrackedOrder } from '../../src/order-tracking/views.ts'

/** `loading`: nothing was read yet; `gone`: there is nothing to be seen by this link, now or ever. */
export type PageState = 'loading' | 'live' | 'interrupted' | 'gone'

const answerDeadlineMs = 15_000
const retryMsMin = 500
const retryMsMax = 10_000
/** A page that has been hidden for this long closes its stream: a browser opens at most six connections to a server. */
const hiddenMsMax = 30_000

/** An order by its link, kept up to date while the page is looked at. */
export class OrderModel {
  readonly order = signal<TrackedOrder | undefined>(undefined)
  readonly state = signal<PageState>('loading')
  readonly #address: string
  #wake: () => void = () => undefined

  /** @param address of the API */
  constructor(address: string) {
    this.#address = address
  }

  /** Reads and follows the order until the link is gone. */
  async run(): Promise<void> {
    for (let failures = 0; ; ) {
      await untilVisible()
      const status = await this.#read()
      if (status === 404) {
        this.order.value = undefined
        this.state.value = 'gone'
        return
      }
      if (status === 200) {
        failures = 0
        await this.#follow()
      } else {
        failures += 1
        this.state.value = 'interrupted'
        await this.#pause(Math.min(retryMsMin * 2 ** failures, retryMsMax))
      }
    }
  }

  /** Tries again at once. */
  retry(): void {
    this.#wake()
  }

  /** @returns the status of the answer; 0 without one */
  async #read(): Promise<number> {
    try {
      const response = await fetch(this.#address, { signal: AbortSignal.timeout(answerDeadlineMs) })
      if (response.ok) this.#show((await response.json()) as TrackedOrder)
      return response.status
    } catch {
      return 0
    }
  }

  #show(order: TrackedOrder): void {
    this.order.value = order
    this.state.value = 'live'
  }

  /** Follows the stream. Resolves when it has to be asked again what there is: it was refused, or the page was hidden for long. */
  async #follow(): Promise<void> {
    const source = new EventSource(this.#address)
    await new Promise<void>(resolve => {
      let hidden: ReturnType<typeof setTimeout> | undefined
      const look = () => {
        clearTimeout(hidden)
        if (document.hidden) hidden = setTimeout(end, hiddenMsMax)
      }
      const end = () => {
        clearTimeout(hidden)
        document.removeEventListener('visibilitychange', look)
        source.close()
        resolve()
      }
      document.addEventListener('visibilitychange', look)
      source.addEventListener('order', ({ data }: MessageEvent<string>) => this.#show(JSON.parse(data) as TrackedOrder))
      source.addEventListener('error', () => {
        this.state.value = 'interrupted'
        // The browser connects again by itself, unless it was refused.
        if (source.readyState === EventSource.CLOSED) void this.#pause(retryMsMin).then(end)
      })
    })
  }

  #pause(forMs: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, forMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
      addEventListener('online', this.#wake, { once: true })
    })
  }
}

function untilVisible(): Promise<void> {
  if (!document.hidden) return Promise.resolve()
  return new Promise(resolve => {
    const look = () => {
      if (document.hidden) return
      document.removeEventListener('visibilitychange', look)
      resolve()
    }
    document.addEventListener('visibilitychange', look)
  })
}

/**
 * What was found of one thing that the service uses. `failed`: the service would not start, or not do what it is configured
 * to do; `off`: not used or not running now, which is no mistake; `note`: worth knowing.
 */
export type Finding = { name: string; state: 'ok' | 'note' | 'off' | 'failed'; detail: string }

/** Where stock lies. */
export type Location = Readonly<{
  /** 1–64 of `A-Z a-z 0-9 _ -`. */
  location: string
  name: string
  /** Orders take from the location with the lowest number that has all they want. */
  priority: number
  /** The countries that it serves, as ISO 3166-1 alpha-2; none: all. */
  countries: readonly string[]
  /** Whether orders take from it. */
  active: boolean
  updatedAtMs: number
}>

export const locationForm = /^[A-Za-z0-9_-]{1,64}$/

import type { EventView } from '../src/events/schemas.ts'
import type { StoredOrderView } from '../src/orders/views.ts'

/** What a module brings to the page. The list of modules is `modules.ts`; nothing else knows that a module or a page exists. */
export type Module = {
  pages: readonly Page[]
  /** Keys of its own on its pages, for the list of keyboard shortcuts. */
  keys?: readonly (readonly [key: string, meaning: string])[]
  search?: Search
  /** Cards that it adds to the page of an order, below the order's details. */
  orderCards?: readonly OrderCard[]
  /** Puts its events into words, for the timeline of an order. @returns undefined for events of others */
  wordsOf?: (event: EventView) => EventWords | undefined
}

export type Page = {
  /** Its address below the base path, such as `/orders/:id`. */
  path: `/${string}`
  title: string
  /** Imports the component, its default export, when the page is first opened. */
  load: () => Promise<{ default: () => preact.JSX.Element }>
  /** Its entry in the menu: an icon, as an SVG path of 24 by 24, and the key that leads to it after `g`. */
  menu?: { icon: string; key: string }
  /** For a page without a menu entry of its own: the path of the page that is marked in the menu. */
  parent?: `/${string}`
}

/** Answers what is typed into the search field of every page. */
export type Search = {
  label: string
  placeholder: string
  /**
   * @param text what was typed, without spaces around it
   * @returns the address to open, and whether something was found there; the first module that finds something wins
   */
  find: (text: string) => Promise<{ address: string; isFound: boolean }>
}

/** A card on the page of an order. */
export type OrderCard = {
  /** Unique among the cards. */
  name: string
  /** Imports the component, its default export, when the page of an order is first opened. */
  load: () => Promise<{ default: (props: OrderCardProps) => preact.JSX.Element | null }>
}

export type OrderCardProps = {
  order: StoredOrderView
  /** The id of the newest event of the order; undefined while none has been read. A card reads again what it shows when it changes. */
  newestEventId: string | undefined
}

/** An event in words: a title, and facts with their labels. Its reason and actor are shown anyway. */
export type EventWords = { title: string; facts: readonly (readonly [label: string, value: string])[] }

/** What a module brings to the page. The list of modules is `modules.ts`; nothing else knows that a module or a page exists. */
export type Module = {
  pages: readonly Page[]
  /** Keys of its own on its pages, for the list of keyboard shortcuts. */
  keys?: readonly (readonly [key: string, meaning: string])[]
  search?: Search
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

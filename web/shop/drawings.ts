/** Drawings of what a shop may sell, of 24 by 24 as lines. Items have no pictures of their own. */
const drawings: readonly (readonly [words: RegExp, path: string])[] = [
  [/\b(bag|tote|backpack)\b/i, 'M5 9h14l-1 11H6zM9 11V7a3 3 0 0 1 6 0v4'],
  [/\b(mug|cup)\b/i, 'M5 7h11v9a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3zM16 9h1.5a2.5 2.5 0 0 1 0 6H16M8 4v1M12 4v1'],
  [/\b(blanket|towel|scarf)\b/i, 'M5 5h14v12H5zM5 9h14M5 13h14M7 17v3M10 17v3M14 17v3M17 17v3'],
  [/\b(t-shirt|shirt|sweater)\b/i, 'M9 4l3 2 3-2 5 4-2.5 3L16 10v10H8V10l-1.5 1L4 8z'],
  [/\b(jacket|coat)\b/i, 'M9 4h6l5 5-2 3-2-1v9H8v-9l-2 1-2-3zM12 4v16M9 14h1M14 14h1'],
  [/\b(shoe|shoes|boots|sneakers)\b/i, 'M3 17v-6l4 2 4-4 4 4c4 .5 6 1 6 4zM3 17h18v2H3zM10 11l1.5 1.5M8.5 12.5L10 14'],
  [/\b(lamp)\b/i, 'M8 4h8l3 8H5zM12 12v7M8 20h8'],
  [/\b(light|torch)\b/i, 'M4 9h9l4-2v10l-4-2H4zM8 12h1M20 8l1-1M20.5 12H22M20 16l1 1'],
  [/\b(beans)\b/i, 'M7 4h10l1 4v12H6V8zM6 8h12M12 11c-2 1.5-2 4.5 0 6 2-1.5 2-4.5 0-6z'],
  [/\b(coffee)\b/i, 'M6 4h12l-4 6h-4zM9 10v2l-3 6v2h12v-2l-3-6v-2M7.5 15h9'],
  [/\b(tea)\b/i, 'M8 9h8v11H8zM8 9l2-4h4l2 4M12 5V3M12 12c-1.5 1-1.5 3.5 0 4.5 1.5-1 1.5-3.5 0-4.5z'],
  [/\b(notebook|book)\b/i, 'M6 4h12v16H6zM9 4v16M12 8h3M12 11h3M4 7h3M4 12h3M4 17h3'],
  [/\b(pen|pencil)\b/i, 'M4 20l1.5-5L16 4.5l3.5 3.5L9 18.5zM14 6.5l3.5 3.5M4 20l4-4'],
  [/\b(print|poster|picture)\b/i, 'M4 4h16v16H4zM7 16l3.5-5 2.5 3 2-2 2 4zM15.5 8.5h.01'],
]

const parcel = 'M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8'
const tints = 6

/** The drawing that fits the name of an item; a parcel for anything else. Pure. */
export function drawingOf(name: string): string {
  return drawings.find(([words]) => words.test(name))?.[1] ?? parcel
}

/** One of some tints, the same for every item of a product. Pure. */
export function tintOf(nmId: number): number {
  // Numbers of products often end in zeros.
  return String(nmId)
    .split('')
    .reduce((sum, digit) => (sum * 7 + Number(digit)) % tints, 0)
}

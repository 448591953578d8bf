import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import { cartWords } from './cart-words.ts'
import './carts.css'
import { texts } from './texts.ts'

export const carts: Module = {
  pages: [
    {
      path: paths.carts,
      title: texts.title,
      load: () => import('./carts-page.tsx'),
      menu: { icon: 'M6 8h12l1 12H5zM9 8V7a3 3 0 0 1 6 0v1', key: 'c' },
    },
    { path: paths.cart, title: texts.cart, load: () => import('./cart-page.tsx'), parent: paths.carts },
    {
      path: paths.discounts,
      title: texts.discounts.title,
      load: () => import('./discounts-page.tsx'),
      menu: { icon: 'M4 4h8l8 8-8 8-8-8zM8 8h.01', key: 'u' },
    },
    {
      path: paths.methods,
      title: texts.methods.title,
      load: () => import('./methods-page.tsx'),
      menu: { icon: 'M3 6h11v10H3zM14 10h4l3 3v3h-7M7 19h.01M17 19h.01', key: 'm' },
    },
    {
      path: paths.rates,
      title: texts.rates.title,
      load: () => import('./rates-page.tsx'),
      menu: { icon: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 14l6-6M9 8h.01M15 14h.01', key: 'v' },
    },
  ],
  search: { ...texts.search, find: async text => (await import('./search.ts')).findCart(text) },
  wordsOf: cartWords,
}

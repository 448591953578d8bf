import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './deliveries.css'
import { shipmentWords } from './shipment-words.ts'
import { texts } from './texts.ts'

export const deliveries: Module = {
  pages: [
    {
      path: paths.shipments,
      title: texts.title,
      load: () => import('./shipments-page.tsx'),
      menu: { icon: 'M4 8l8-4 8 4v9l-8 4-8-4zM4 8l8 4 8-4M12 12v9M8 6l8 4', key: 'b' },
    },
    { path: paths.shipment, title: texts.shipment, load: () => import('./shipment-page.tsx'), parent: paths.shipments },
    { path: paths.slips, title: texts.slip.title, load: () => import('./slips-page.tsx'), parent: paths.shipments },
  ],
  search: { ...texts.search, find: async text => (await import('./search.ts')).findShipment(text) },
  orderCards: [{ name: 'shipments', load: () => import('./order-card.tsx') }],
  wordsOf: shipmentWords,
}

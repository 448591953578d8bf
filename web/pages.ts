import { lazy } from 'preact-iso'
import type { IconName } from './parts/icon.tsx'
import { routes } from './routes.ts'
import { texts } from './texts.ts'

/** The pages. A new one is a folder with its component, an address in `routes.ts`, and an entry here. */
export const pages = [
  {
    path: routes.overview,
    title: texts.overview.title,
    component: lazy(() => import('./overview/overview-page.tsx')),
    navigation: { icon: 'overview', key: 'h' },
  },
  {
    path: routes.orders,
    title: texts.orders.title,
    component: lazy(() => import('./orders/orders-page.tsx')),
    navigation: { icon: 'orders', key: 'o' },
  },
  {
    path: routes.order,
    title: texts.order.title,
    component: lazy(() => import('./orders/order-page.tsx')),
    parent: routes.orders,
  },
  {
    path: routes.events,
    title: texts.titles.events,
    component: lazy(() => import('./events/events-page.tsx')),
    navigation: { icon: 'events', key: 'e' },
  },
  {
    path: routes.deadLetters,
    title: texts.titles.deadLetters,
    component: lazy(() => import('./dead-letters/dead-letters-page.tsx')),
    navigation: { icon: 'letters', key: 'd' },
  },
  {
    path: routes.deadLetter,
    title: texts.titles.deadLetters,
    component: lazy(() => import('./dead-letters/letter-page.tsx')),
    parent: routes.deadLetters,
  },
  {
    path: routes.webhooks,
    title: texts.titles.webhooks,
    component: lazy(() => import('./webhooks/webhooks-page.tsx')),
    navigation: { icon: 'hooks', key: 'w' },
  },
  {
    path: routes.webhook,
    title: texts.titles.webhooks,
    component: lazy(() => import('./webhooks/webhook-page.tsx')),
    parent: routes.webhooks,
  },
  {
    path: routes.keys,
    title: texts.titles.keys,
    component: lazy(() => import('./keys/keys-page.tsx')),
    navigation: { icon: 'keys', key: 'k' },
  },
  {
    path: routes.system,
    title: texts.titles.system,
    component: lazy(() => import('./system/system-page.tsx')),
    navigation: { icon: 'system', key: 's' },
  },
] as const satisfies readonly PageEntry[]

/** A page of the table; one with `navigation` is in the menu, and `g` and its key lead there. */
export type PageEntry = {
  path: string
  title: string
  component: ReturnType<typeof lazy<() => preact.JSX.Element>>
  navigation?: { icon: IconName; key: string }
  /** The page of the menu that is marked while this one is open. */
  parent?: string
}

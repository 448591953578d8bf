import type { Module } from '../module.ts'
import { paths } from './addresses.ts'
import './settlements.css'
import { texts } from './texts.ts'

export const settlements: Module = {
  pages: [
    {
      path: paths.reports,
      title: texts.title,
      load: () => import('./reports-page.tsx'),
      menu: { icon: 'M4 7h11l-3-3M20 17H9l3 3M4 12h3M17 12h3', key: 'r' },
    },
    { path: paths.report, title: texts.report, load: () => import('./report-page.tsx'), parent: paths.reports },
  ],
}

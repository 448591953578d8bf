import { choiceVariable } from '../platform/variables.ts'

/** Whether the demo shop is served. */
export const demoShop = choiceVariable(
  {
    name: 'DEMO_SHOP',
    preset: 'auto',
    meaning:
      'serves the demo shop, and what it calls without a key: true, false, or auto: where only this machine can reach the service',
    page: 'shop.md',
  },
  ['auto', 'true', 'false'],
)

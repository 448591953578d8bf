import { absolutePath, choiceVariable, type Variable } from '../platform/variables.ts'

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

/** @param isLocal whether only this machine can reach the service */
export function isShopServed(wanted: 'auto' | 'true' | 'false', isLocal: boolean): boolean {
  return wanted === 'true' || (wanted === 'auto' && isLocal)
}

export const shopDir: Variable<string> = {
  name: 'SHOP_DIR',
  preset: 'build/shop',
  meaning: 'folder of the built page of the demo shop at /shop; its files are read once, at start',
  page: 'shop.md',
  read: ({ text, isSet, folders }) => absolutePath(isSet ? folders.root : folders.files, text),
}

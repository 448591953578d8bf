import { absolutePath, integerVariable, type Variable } from '../platform/variables.ts'

const page = 'tracking.md'

export const trackingPageDays = integerVariable(
  {
    name: 'TRACKING_PAGE_DAYS',
    preset: '90',
    meaning: 'how many days after its last change the tracking page of an order that is over stays',
    page,
  },
  1,
  3_650,
)

export const trackingPageDir: Variable<string> = {
  name: 'TRACKING_PAGE_DIR',
  preset: 'build/track',
  meaning: 'folder of the built tracking page at /track; its files are read once, at start',
  page,
  read: ({ text, isSet, folders }) => absolutePath(isSet ? folders.root : folders.files, text),
}

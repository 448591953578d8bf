import { flagVariable } from '../platform/variables.ts'

/** Whether deliveries may go to addresses inside the network. */
export const webhooksAllowPrivate = flagVariable({
  name: 'WEBHOOKS_ALLOW_PRIVATE',
  preset: 'false',
  meaning: 'whether webhooks may go inside private networks: true or false',
  page: 'webhooks.md',
})

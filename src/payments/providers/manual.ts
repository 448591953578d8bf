import type { RecordedProvider } from '../provider.ts'

/** Money that people hand over or transfer, and other people record: cash on delivery, bank transfers, invoices. */
export const manual: RecordedProvider = {
  name: 'manual',
  title: 'Cash, transfer or invoice: recorded by hand',
  isRecorded: true,
  toProviderAmount: amount => amount,
  fromProviderAmount: amount => amount,
}

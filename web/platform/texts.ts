/** Texts about failed requests. */
export const failureTexts = {
  unreachable: 'Cannot reach the service',
  unreachableHint: 'Check that it is running, then try again.',
  status: (status: number) => `The service answered with status ${status}`,
} as const

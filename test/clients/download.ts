import { goTools, nodeTools, orSkipped, pythonTools, stripeOpenApi } from './toolchain.ts'

// Downloads the generators and linters that are not there yet: for a machine on which all tests together have a deadline.
await Promise.all([orSkipped(nodeTools()), orSkipped(pythonTools()), orSkipped(goTools()), orSkipped(stripeOpenApi())])

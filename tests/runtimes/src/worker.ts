// What workerd runs: a worker that answers a request with the outcomes.
import { runSuite } from './suite.ts'

// oxlint-disable-next-line import/no-default-export -- the form that workerd asks for
export default {
  async fetch(): Promise<Response> {
    return Response.json(await runSuite())
  },
}

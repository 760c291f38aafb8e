import { byId } from './dom.ts'

interface ScriptUrlPolicy {
  createScriptURL(url: string): string
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy
}

/** Has the browser keep the page for when there is no network, and says when it does. */
export async function keepForOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) return
  try {
    await navigator.serviceWorker.register(trusted('worker.js'), { type: 'module' })
    await navigator.serviceWorker.ready
    byId('offline').textContent = 'Kept by your browser: this page works without a network, too.'
  } catch {
    // A private window, perhaps: then it works as long as it is open.
  }
}

/** The page's policy lets no text become the address of a script, but this one. */
function trusted(url: 'worker.js'): string {
  const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes
  return types?.createPolicy('scitokens', { createScriptURL: () => url }).createScriptURL(url) ?? url
}

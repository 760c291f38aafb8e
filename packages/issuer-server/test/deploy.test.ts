import { needs } from '@scitokens-tests/programs'
import { execFile, spawnSync } from '@scitokens-tests/programs/processes'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseConfig, readConfigFile } from '../src/config/config-file.ts'
import { initIssuer } from '../src/init.ts'
import { askToken, serve } from './served.ts'

const DEPLOY = join(import.meta.dirname, '../../../deploy')
const run = promisify(execFile)
const read = (...path: string[]): Promise<string> => readFile(join(DEPLOY, ...path), 'utf8')

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'issuer-deploy-'))
})
afterAll(() => rm(dir, { recursive: true }))

test('the README of deploy/ names every file there', async () => {
  const readme = await read('README.md')
  const files = await readdir(DEPLOY, { recursive: true, withFileTypes: true })
  const paths = files
    .filter((file) => file.isFile())
    .map(({ name, parentPath }) => join(parentPath.slice(DEPLOY.length + 1), name))
  const told = paths.filter((path) => path !== 'README.md' && !path.endsWith('ignore'))
  expect(told.filter((path) => !readme.includes(`\`${path}\``))).toEqual([])
})

describe('the metrics', () => {
  /** Names and labels of everything that a running issuer exports, after something has happened of each kind. */
  async function exported(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { served, url } = await serve()
    await (await askToken(url)).text()
    await (await askToken(url, { secret: 'wrong-wrong-wrong-wrong' })).text()
    await served.reload()
    const text = await (await fetch(`${served.operationsAddress}/metrics`)).text()
    const names = new Map<string, Set<string>>()
    for (const line of text.split('\n')) {
      const [, name, labels = ''] = /^([a-z_]\w*)(?:\{(.*)\})? /.exec(line) ?? []
      if (name === undefined) continue
      const known = names.get(name) ?? new Set(['job', 'instance'])
      for (const [, label] of labels.matchAll(/(\w+)="/g)) known.add(label!)
      names.set(name, known)
    }
    // Only exists once something went wrong, but is there from the start.
    expect(text).toContain('# TYPE scitokens_issuer_audit_failures_total counter')
    return names
  }

  const used = async (): Promise<readonly string[]> => {
    const rules = parse(await read('prometheus', 'alerts.yaml')) as { groups: { rules: { expr: string }[] }[] }
    const dashboard = JSON.parse(await read('grafana', 'issuer.json')) as {
      panels: { targets: { expr: string }[] }[]
      annotations: { list: { expr: string }[] }
      templating: { list: { query: string | { query: string } }[] }
    }
    const variables = dashboard.templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]))
    const panels = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr))
    expect(rules.groups[0]!.rules.length).toBeGreaterThan(5)
    expect(panels.length).toBeGreaterThan(10)
    return [
      ...rules.groups.flatMap((group) => group.rules.map(({ expr }) => expr)),
      ...panels,
      ...dashboard.annotations.list.map(({ expr }) => expr),
      ...variables,
    ]
  }

  test('that alerts and dashboard use are metrics and labels that a running issuer exports', async () => {
    const names = await exported()
    for (const expression of await used()) {
      const asked = [...expression.matchAll(/\b((?:scitokens_issuer|service|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)]
      if (!/^up[{ ]/.test(expression)) expect(asked, expression).not.toEqual([])
      for (const [, name, labels = ''] of asked) {
        expect([...names.keys()], expression).toContain(name)
        const wanted = [...labels.matchAll(/(\w+) *(?:=~|!~|!=|=)/g)].map(([, label]) => label)
        expect(
          [...wanted].filter((label) => !names.get(name!)!.has(label!)),
          expression,
        ).toEqual([])
      }
    }
  })

  test('have a place on the dashboard and in the documentation, each of the issuer’s own', async () => {
    const names = [...(await exported()).keys()].filter((name) => name.startsWith('scitokens_issuer_'))
    const all = (await used()).join('\n')
    expect(names.filter((name) => !/_(sum)$/.test(name) && !all.includes(name))).toEqual([])
    const page = await readFile(join(DEPLOY, '../docs/issuer.md'), 'utf8')
    expect(names.filter((name) => !page.includes(`\`${name.replace(/_(sum|count|bucket)$/, '')}\``))).toEqual([])
  })

  test('are asked for in PromQL that Prometheus itself takes', needs('promtool'), async () => {
    const rules = (await used())
      .filter((expression) => !expression.startsWith('label_values('))
      .map((expr, index) => ({
        record: `r${index}`,
        expr: expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, 'x'),
      }))
    const file = join(dir, 'dashboard.yaml')
    await writeFile(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
    const { stdout } = await run('promtool', ['check', 'rules', file])
    expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`)
  })
})

test('each alert fires when it should, and is silent when all is well', needs('promtool'), async () => {
  const rules = join(DEPLOY, 'prometheus', 'alerts.test.yaml')
  const { stdout } = await run('promtool', ['test', 'rules', rules])
  expect(stdout).toContain('SUCCESS')
  const [alerts, tests] = [await read('prometheus', 'alerts.yaml'), await read('prometheus', 'alerts.test.yaml')]
  const names = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!)
  expect(
    names.filter((name) => !tests.includes(`"${name}"}', value: 1`) && !tests.includes(`alertname: ${name}\n`)),
  ).toEqual([])
})

describe('the unit of systemd', () => {
  /** Exposure as systemd itself judges it, from 0 (none) to 10. */
  const units = [
    { name: 'scitokens-issuer', exposure: 2 },
    { name: 'scitokens-token-manager', exposure: 3.5 },
    { name: 'scitokens-authz-server', exposure: 2 },
  ]

  test.each(units)('$name is well formed, and hardened', needs('systemd-analyze'), async ({ name, exposure }) => {
    const text = await read('systemd', `${name}.service`)
    const file = join(dir, `${name}.service`)
    // The program need not be installed where the tests run; its stand-in has no space in its path, whatever the work tree's is.
    await writeFile(file, text.replaceAll('/usr/local/bin/scitokens', '/bin/true'))
    const socket = join(dir, `${name}.socket`)
    await writeFile(socket, await read('systemd', `${name}.socket`))
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', file, socket], { encoding: 'utf8' })
    // Before systemd 253: that a descriptor is opened is not understood, and does no harm.
    const about = verified.stderr
      .split('\n')
      .filter((line) => line.includes(name) && !/Unknown key(?: name)? 'OpenFile'/.test(line))
    expect({ status: verified.status, about }).toEqual({ status: 0, about: [] })
    const threshold = `--threshold=${exposure * 10}`
    const judged = spawnSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', threshold, file], {
      encoding: 'utf8',
    })
    expect(judged.stdout, judged.stderr).toMatch(/Overall exposure level/)
    expect(judged.status, judged.stdout.split('\n').at(-2)).toBe(0)
  })

  test.each(units)('$name is started with its socket, and tells how it is', async ({ name }) => {
    const text = await read('systemd', `${name}.service`)
    expect(text).toMatch(new RegExp(`^Wants=${name}\\.socket\nAfter=${name}\\.socket$`, 'm'))
    // What the program does by itself: `activationFrom` knows the descriptor by this name, and the other way needs everybody's word.
    expect(text).toMatch(/^Type=notify\nNotifyAccess=all\nOpenFile=\/run\/systemd\/notify:notify:graceful$/m)
    // Workers hear of the end from the process that started them.
    expect(text).toMatch(/^KillMode=mixed$/m)
    expect(await read('systemd', `${name}.socket`)).not.toMatch(/^FileDescriptorName=(operations|notify)$/m)
  })

  test('sockets lie where the programs would put them, and where clients look for them', async () => {
    const listens = async (name: string): Promise<string> =>
      /^ListenStream=(.*)$/m.exec(await read('systemd', `${name}.socket`))![1]!
    expect(await listens('scitokens-issuer')).toBe('127.0.0.1:8080')
    expect(await listens('scitokens-token-manager')).toBe('/run/scitokens/manager.sock')
    const authz = await listens('scitokens-authz-server')
    expect(await read('systemd', 'scitokens-authz-server.service')).toContain(` --listen unix:${authz} `)
    expect(await readFile(join(DEPLOY, '../docs/guards.md'), 'utf8')).toContain(`server unix:${authz};`)
    // The token manager's runtime directory holds a socket that is not its own.
    expect(await read('systemd', 'scitokens-token-manager.service')).toMatch(/^RuntimeDirectoryPreserve=yes$/m)
  })

  test('of the issuer reloads by the signal that the program takes, and runs what the program has', async () => {
    const text = await read('systemd', 'scitokens-issuer.service')
    expect(text).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m)
    expect(text).toMatch(/^ExecStart=\S+ issuer serve \/etc\/scitokens\/issuer\.yaml$/m)
    expect(text).not.toMatch(/^MemoryDenyWriteExecute=yes/m)
    expect(await read('systemd', 'scitokens.sysusers.conf')).toMatch(/^u scitokens -/m)
  })
})

describe('the container', () => {
  test('file is well formed', async () => {
    const problems = validate(await read('container', 'Containerfile'))
    expect(problems.map(({ message, range }) => [range.start.line + 1, message])).toEqual([])
  })

  test('runs as nobody of importance, keeps the build out of the image, and tells whether it is ready', async () => {
    const text = await read('container', 'Containerfile')
    const last = text.split(/^FROM /m).at(-1)!
    expect(text.split(/^FROM /m)).toHaveLength(3)
    expect(
      /^USER (\d+):(\d+)$/m
        .exec(last)!
        .slice(1)
        .map(Number)
        .every((id) => id > 0),
    ).toBe(true)
    expect(last).not.toMatch(/COPY \. /)
    expect(last.indexOf('HEALTHCHECK')).toBeGreaterThan(last.indexOf('USER'))
    expect(last).toContain('/readyz')
    const node = (await readFile(join(DEPLOY, '../.node-version'), 'utf8')).trim().split('.')[0]!
    for (const [, tag] of text.matchAll(/node:(\d+)-/g)) expect(tag).toBe(node)
  })

  test('healthcheck says yes while the issuer is ready and no when it is not', async () => {
    const command = JSON.parse(/^ {2}CMD (\[.*\])$/m.exec(await read('container', 'Containerfile'))![1]!) as string[]
    const { served } = await serve()
    const script = command[2]!.replace('http://127.0.0.1:9464', served.operationsAddress!)
    await run(process.execPath, ['-e', script])
    await served.issuer.realms[0]!.store.close()
    await expect(run(process.execPath, ['-e', script])).rejects.toMatchObject({ code: 1 })
  })
})

test('logrotate tells the issuer by the unit that is there, and leaves the audit to it', async () => {
  const text = await read('logrotate', 'scitokens-issuer')
  const [, unit] = /systemctl reload (\S+)/.exec(text)!
  expect(await readdir(join(DEPLOY, 'systemd'))).toContain(unit)
  expect(text).toContain('nocreate')
  expect(text).not.toContain('copytruncate')
})

test('what init writes for a server lies where the unit lets the issuer write, and nowhere else', async () => {
  const guide = await readFile(join(DEPLOY, '../docs/operate-a-vo.md'), 'utf8')
  const [, stateDirectory, logDirectory] = /--state-directory (\S+) --log-directory (\S+)/.exec(guide)!
  const unit = await read('systemd', 'scitokens-issuer.service')
  expect(stateDirectory).toBe(`/var/lib/${/^StateDirectory=(.*)$/m.exec(unit)![1]}`)
  expect(logDirectory).toBe(`/var/log/${/^LogsDirectory=(.*)$/m.exec(unit)![1]}`)
  const written = await initIssuer(join(dir, 'etc'), {
    issuer: 'https://vo.example.org',
    stateDirectory: stateDirectory!,
    logDirectory: logDirectory!,
  })
  const { config } = await readConfigFile(written.configFile)
  expect(config).toMatchObject({
    storage: { file: `${stateDirectory}/issuer.sqlite` },
    masterKey: { file: `${stateDirectory}/issuer.key` },
    audit: { file: `${logDirectory}/audit.jsonl` },
  })
  expect(await read('logrotate', 'scitokens-issuer')).toContain(`${logDirectory}/audit.jsonl {`)
})

test('the addresses that the files speak of are the defaults of the program', async () => {
  const { config } = parseConfig('issuer: https://vo.example\nstorage: { file: x }\n', 'x')
  expect([config.listen, config.operations]).toEqual([undefined, undefined])
  expect(await read('nginx', 'issuer.conf')).toContain('127.0.0.1:8080')
  expect(await read('prometheus', 'scrape.yaml')).toContain('127.0.0.1:9464')
})

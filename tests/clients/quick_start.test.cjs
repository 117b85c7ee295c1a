// The code of docs/quick-start.md, in both languages: put together as the page says, compiled by WeChat's compiler, and used.
'use strict'

const assert = require('node:assert/strict')
const { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { dirname, join } = require('node:path')
const { after, before, test } = require('node:test')

const { MiniProgram, nodes, press, submit, textOf, unbound } = require('./mini_program.cjs')
const { png } = require('./picture.cjs')
const { Server } = require('./server.cjs')
const { Wx } = require('./wx.cjs')

const ROOT = join(__dirname, '../..')
const ADDRESS = 'https://bai.example.com/pb'
const PAGE = 'pages/me/me'

let server
before(async () => (server = await Server.start({ BAI_LIMITS__ENABLED: 'false' })))
after(() => server.stop())

/** The blocks of a page in a language. */
function blocks(text, language) {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, body]) => body)
}

/** A mini-program in a folder, made of the page. */
function assembled(folder, page) {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const [client, script, ...more] = blocks(text, 'js')
  const [markup, ...others] = blocks(text, 'html')
  assert.deepEqual([more, others], [[], []])
  assert(client.includes(ADDRESS))
  const files = {
    'app.json': JSON.stringify({ pages: [PAGE] }),
    'utils/client.js': client.replace(ADDRESS, server.base),
    [`${PAGE}.js`]: script,
    [`${PAGE}.json`]: '{}',
    [`${PAGE}.wxml`]: markup,
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  copyFileSync(join(ROOT, 'clients/miniprogram/bai.js'), join(folder, 'utils/bai.js'))
}

for (const [number, path] of ['docs/quick-start.md', 'docs/zh-CN/quick-start.md'].entries()) {
  test(`the code of ${path} logs in and completes the profile`, async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'bai-quick-start-'))
    test.after(() => rmSync(folder, { recursive: true }))
    assembled(folder, path)
    const wx = new Wx(`quick${number}`)
    wx.getPrivacySetting = ({ success }) => success({ needAuthorization: true, privacyContractName: '《隐私保护指引》' })
    wx.openPrivacyContract = () => (wx.contract = true)
    const program = new MiniProgram(folder, wx)
    const page = await program.open(PAGE)
    assert.deepEqual(unbound(page), [])

    await press(page, '请阅读并同意《隐私保护指引》')
    assert.equal(wx.contract, true)
    await press(page, '同意')
    assert.deepEqual(unbound(page), [])
    const [avatar] = nodes(page.render()).filter((node) => node.attr && node.attr.bindchooseavatar)
    const file = join(folder, 'tmp_1.png')
    writeFileSync(file, png(132))
    await page[avatar.attr.bindchooseavatar]({ detail: { avatarUrl: file } })
    await submit(page, { nickname: '李四' })
    assert.deepEqual([page.data.user.name, wx.told.uploads], ['李四', [file]])
    assert.equal((await fetch(page.data.user.picture)).status, 200)

    await press(page, '绑定手机号', { errMsg: 'getPhoneNumber:fail user deny' })
    assert.equal(program.told.toasts.pop(), '未授权手机号')
    server.command('user', 'revoke', page.data.user.id)
    const phone = `1390013900${number}`
    await press(page, '绑定手机号', { code: phone })
    assert.match(textOf(page.render()), /李四：139\*{4}/)
    assert.deepEqual([wx.told.codes, program.told.toasts], [2, []])
    assert.equal(JSON.parse(server.command('user', 'show', page.data.user.id, '--json')).users_phone, phone)
  })
}

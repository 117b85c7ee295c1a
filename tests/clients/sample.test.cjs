// The sample mini-program, compiled by WeChat's compiler and used against a running bai.
'use strict'

const assert = require('node:assert/strict')
const { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { after, afterEach, before, beforeEach, test } = require('node:test')

const acorn = require('acorn')

const { MiniProgram, press, submit, textOf, unbound, wxssToJs } = require('./mini_program.cjs')
const { png } = require('./picture.cjs')
const { Server } = require('./server.cjs')
const { Wx } = require('./wx.cjs')

const CLIENTS = join(__dirname, '../../clients/miniprogram')
const LOGIN = 'pages/login/login'
const PROFILE = 'pages/profile/profile'
const PRIVACY = 'components/privacy/privacy'

let server, folder, wx, program

before(async () => (server = await Server.start({ BAI_LIMITS__ENABLED: 'false' })))
after(() => server.stop())

// Each test has the mini-program in a folder of its own, so that none has the modules of another.
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bai-sample-'))
  cpSync(join(CLIENTS, 'sample'), folder, { recursive: true })
  const client = join(folder, 'utils/client.js')
  const code = readFileSync(client, 'utf8')
  assert(code.includes("'http://127.0.0.1:8090'"))
  writeFileSync(client, code.replace('http://127.0.0.1:8090', server.base))
  wx = new Wx('sample')
  wx.getPrivacySetting = ({ success }) => success({ needAuthorization: true, privacyContractName: '《示例隐私保护指引》' })
  wx.onNeedPrivacyAuthorization = (ask) => (wx.ask = ask)
  wx.openPrivacyContract = () => (wx.contract = true)
  program = new MiniProgram(folder, wx)
})

afterEach(() => rmSync(folder, { recursive: true }))

test('the sample has the kit as it is', () => {
  const bytes = (path) => readFileSync(join(CLIENTS, path), 'utf8')
  assert.equal(bytes('sample/utils/bai.js'), bytes('bai.js'), 'copy clients/miniprogram/bai.js to sample/utils/')
})

test('all scripts are ES2017, which phones run as it is', () => {
  const scripts = readdirSync(CLIENTS, { recursive: true }).filter((path) => path.endsWith('.js'))
  assert(scripts.length > 5)
  for (const path of scripts) acorn.parse(readFileSync(join(CLIENTS, path), 'utf8'), { ecmaVersion: 2017 })
  assert.throws(() => acorn.parse('a?.b', { ecmaVersion: 2017 }))
})

test('WeChat\'s developer tools find all that the sample names', () => {
  assert.deepEqual(program.missing(), [])
  const project = program.json('project.config.json')
  assert.deepEqual([project.appid, project.miniprogramRoot, project.setting.urlCheck], ['touristappid', './', false])
  assert.equal(program.json('sitemap.json').rules.length, 1)
  assert(wxssToJs(folder).length > 1000)
})

test('somebody logs in, fills in the profile, binds a phone and logs out', async () => {
  const login = await program.open(LOGIN)
  await press(login, '微信登录')
  assert.deepEqual([program.told.toasts.pop(), program.told.routes.pop()], ['注册成功', `/${PROFILE}`])

  const page = await program.open(PROFILE)
  assert.match(textOf(page.render()), /未绑定/)
  assert.doesNotMatch(textOf(page.render()), /绑定手机号/)
  const avatar = join(folder, 'tmp_1.png')
  writeFileSync(avatar, png(132))
  await press(page, '选择头像', { avatarUrl: avatar })
  assert.equal(page.data.avatar, avatar)
  await submit(page, { nickname: '张三' })
  assert.equal(program.told.toasts.pop(), '已保存')
  assert.deepEqual([page.data.user.name, page.data.avatar], ['张三', page.data.user.picture])
  assert.equal((await fetch(page.data.avatar)).status, 200)

  await press(page, '绑定手机号', { code: '13900139001' })
  assert.equal(program.told.toasts.pop(), '已绑定')
  assert.match(textOf(page.render()), /139\*{4}9001/)
  await press(page, '更换手机号', { errMsg: 'getPhoneNumber:fail no permission' })
  assert.match(textOf(page.render()), /139\*{4}9000/)

  // A new name alone uploads nothing.
  wx.uploadFile = () => assert.fail('an upload')
  await submit(page, { nickname: '李四' })
  assert.equal(page.data.user.name, '李四')
  assert.deepEqual(unbound(page), [])

  await press(page, '退出登录')
  assert.equal(program.told.routes.pop(), `/${LOGIN}`)
  assert.equal(wx.storage.size, 0)
})

test('errors are shown in Chinese, and the page goes on', async () => {
  const page = await program.open(PROFILE)
  const { id } = page.data.user
  await submit(page, { nickname: 'x'.repeat(500) })
  assert.match(program.told.toasts.pop(), /昵称/)
  server.command('user', 'disable', id)
  await submit(page, { nickname: '张三' })
  assert.match(program.told.toasts.pop(), /账号已停用/)
  server.command('user', 'enable', id)
  await submit(page, { nickname: '王五' })
  assert.deepEqual([program.told.toasts.pop(), page.data.isBusy], ['已保存', false])
})

test('the privacy prompt asks at the start and whenever WeChat asks, and passes the decision on', async () => {
  const prompt = await program.open(PRIVACY)
  assert.match(textOf(prompt.render()), /《示例隐私保护指引》/)
  await press(prompt, '《示例隐私保护指引》')
  assert.equal(wx.contract, true)
  await press(prompt, '同意')
  assert.equal(textOf(prompt.render()), '')
  const decisions = []
  for (const answer of ['同意', '拒绝']) {
    wx.ask((decision) => decisions.push(decision))
    wx.ask((decision) => decisions.push(decision))
    await press(prompt, answer)
  }
  const agreed = { event: 'agree', buttonId: 'agree' }
  assert.deepEqual(decisions, [agreed, agreed, { event: 'disagree' }, { event: 'disagree' }])
})

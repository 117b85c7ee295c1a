const { bai, phoneEvent, showError } = require('../../utils/client')

Page({
  data: { user: null, avatar: '', isBusy: false },

  onLoad() {
    return this.run(() => bai.me())
  },

  /** 执行一项操作，显示得到的用户；一次只执行一项。 */
  async run(action, done) {
    this.setData({ isBusy: true })
    try {
      const user = await action()
      this.setData({ user, avatar: user.picture })
      if (done) wx.showToast({ title: done })
    } catch (error) {
      showError(error)
    }
    this.setData({ isBusy: false })
  },

  /** 临时文件只在本机可用，保存时才上传。 */
  onChooseAvatar(event) {
    this.setData({ avatar: event.detail.avatarUrl })
  },

  onSave(event) {
    return this.run(() => this.save(event.detail.value.nickname), '已保存')
  },

  async save(name) {
    const { user, avatar } = this.data
    const isNew = avatar && !(user && avatar === user.picture)
    const change = isNew ? { name, picture: await bai.uploadAvatar(avatar) } : { name }
    return bai.updateProfile(change)
  },

  onPhone(event) {
    return this.run(() => bai.bindPhone(phoneEvent(event)), '已绑定')
  },

  async onLogout() {
    await bai.logout()
    wx.reLaunch({ url: '/pages/login/login' })
  },
})

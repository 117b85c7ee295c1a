const { bai, showError } = require('../../utils/client')

Page({
  data: { isBusy: false },

  async onLogin() {
    this.setData({ isBusy: true })
    try {
      const { isNew } = await bai.login()
      wx.showToast({ title: isNew ? '注册成功' : '登录成功' })
      wx.redirectTo({ url: '/pages/profile/profile' })
    } catch (error) {
      showError(error)
    }
    this.setData({ isBusy: false })
  },
})

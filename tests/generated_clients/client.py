"""A login, a profile and a refresh by openapi-python-client's package `generated_client`: python client.py URL"""

import sys

from generated_client import AuthenticatedClient, Client
from generated_client.api.平台认证 import platform_login
from generated_client.api.微信认证 import wechat_login, wechat_profile
from generated_client.api.系统 import refresh_token
from generated_client.models import (
    ErrorResponse,
    PlatformLoginRequest,
    PocketBaseAuthResponse,
    UserInfoUsersIdtype,
    WechatLoginRequest,
    WechatProfileRequest,
)
from generated_client.types import Unset


def main(base_url: str) -> None:
    client = Client(base_url=base_url)
    login = wechat_login.sync(client=client, body=WechatLoginRequest(users_wx_code="python~1"))
    assert isinstance(login, PocketBaseAuthResponse), login
    assert not isinstance(login.token, Unset) and not isinstance(login.record, Unset)
    assert not isinstance(login.meta, Unset) and not isinstance(login.meta.data, Unset)
    user = login.meta.data.user
    assert not isinstance(user, Unset)
    assert user.users_idtype == UserInfoUsersIdtype.WECHAT, user
    assert login.record.openid == "o_python", login.record

    signed_in = AuthenticatedClient(base_url=base_url, token=login.token)
    request = WechatProfileRequest(
        users_name="张三", users_phone_code="13900139003", users_picture="https://example.com/a.png"
    )
    profile = wechat_profile.sync(client=signed_in, body=request)
    assert profile is not None and not isinstance(profile, ErrorResponse), profile
    assert not isinstance(profile.data, Unset)
    assert profile.data["user"]["users_phone"] == "13900139003", profile

    refreshed = refresh_token.sync(client=client, authorization=f"Bearer {login.token}")
    assert refreshed is not None and not isinstance(refreshed, ErrorResponse), refreshed
    assert not isinstance(refreshed.data, Unset) and refreshed.data["token"], refreshed

    refused = platform_login.sync(client=client, body=PlatformLoginRequest(users_phone="1", password="x"))
    assert isinstance(refused, ErrorResponse) and refused.code == 400, refused


if __name__ == "__main__":
    main(sys.argv[1])

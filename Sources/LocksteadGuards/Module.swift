import Lockstead
